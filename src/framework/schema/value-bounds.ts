import { pointer, reservedNames } from './json-value.js'

/** How large a value may be before anything else looks at it. */
export interface Bounds {
  readonly depth: number
  readonly nodes: number
  readonly members: number
}

/** For what callers send: class-transformer is quadratic in members, and recursive code behind it needs a bounded depth. */
export const inputBounds: Bounds = { depth: 64, nodes: 10_000, members: 1_000 }

/** For what handlers return: their own code, so only what would exhaust the stack or the event loop. */
export const outputBounds: Bounds = { depth: 64, nodes: 200_000, members: 10_000 }

const longestName = 1_024

interface Place {
  readonly value: object
  readonly key: string
  readonly parent: Place | undefined
  readonly depth: number
}

/** What makes a value too large or unfit to be looked at, in words for the caller, or `undefined`. Iterative; never throws. */
export function findExcess(value: unknown, bounds: Bounds): string | undefined {
  const open: Place[] = []
  push(open, value, '', undefined)
  let nodes = 1
  for (let place = open.pop(); place !== undefined; place = open.pop()) {
    if (place.depth > bounds.depth) return `the value is nested more than ${bounds.depth} levels deep`
    const names = Array.isArray(place.value) ? undefined : Object.keys(place.value)
    nodes += names?.length ?? lengthOf(place.value)
    if (nodes > bounds.nodes) return `the value has more than ${bounds.nodes} parts`
    const fault = names === undefined ? undefined : memberFault(names, place, bounds)
    if (fault !== undefined) return fault
    pushParts(open, place)
  }
  return undefined
}

function memberFault(names: readonly string[], place: Place, bounds: Bounds): string | undefined {
  if (names.length > bounds.members) return `${shownPath(place)} has more than ${bounds.members} members`
  for (const name of names) {
    if (reservedNames.has(name)) return `${pointer(pathOf(place), name)} is not allowed: the name is reserved`
    if (name.length > longestName) return `${shownPath(place)} has a member whose name is too long`
  }
  return undefined
}

function pushParts(open: Place[], place: Place): void {
  for (const [key, part] of Object.entries(place.value)) push(open, part, key, place)
}

function push(open: Place[], value: unknown, key: string, parent: Place | undefined): void {
  if (typeof value === 'object' && value !== null) open.push({ value, key, parent, depth: (parent?.depth ?? 0) + 1 })
}

function pathOf(place: Place): string {
  return place.parent === undefined ? '' : pointer(pathOf(place.parent), place.key)
}

function shownPath(place: Place): string {
  return pathOf(place) || 'the value'
}

function lengthOf(value: object): number {
  return Array.isArray(value) ? value.length : 0
}
