import type { Requirement } from '../requirement/requirement.js'
import { keyOf, occurrencesIn, type LeafKey } from './occurrence.js'

/** A caller who is looked for: one who meets the one requirement and misses the other. */
export interface Wanted {
  readonly met?: Requirement
  readonly missed?: Requirement
  /** `consistent`: only those whose token and database agree. */
  readonly callers: 'consistent' | 'all'
}

/** A part that the caller has to meet, or to miss. */
export interface Constraint {
  readonly part: Requirement
  readonly wish: 'met' | 'missed'
}

/**
 * Callers one of whom is the one who is looked for, where there is one: each misses one part of what is missed, or meets one of
 * what is met. What is demanded of them in the same words again is left out.
 */
export function casesOf(wanted: Wanted): readonly Wanted[] {
  const { met, missed } = wanted
  const textOf = textsWithin(new Map())
  if (missed?.kind === 'allOf') {
    const known = new Set(flat('allOf', met === undefined ? [] : [met]).map(textOf))
    return flat('allOf', missed.of)
      .filter((part) => !known.has(textOf(part)))
      .map((part) => ({ ...wanted, missed: part }))
  }
  if (met?.kind === 'anyOf') {
    const known = new Set(flat('anyOf', missed === undefined ? [] : [missed]).map(textOf))
    return flat('anyOf', met.of)
      .filter((part) => !known.has(textOf(part)))
      .map((part) => ({ ...wanted, met: part }))
  }
  return [wanted]
}

/** All that the caller has to meet and to miss, in parts as small as can be. */
export function constraintsOf({ met, missed }: Wanted): readonly Constraint[] {
  return [
    ...(met === undefined ? [] : split({ part: met, wish: 'met' })),
    ...(missed === undefined ? [] : split({ part: missed, wish: 'missed' })),
  ]
}

/**
 * Groups without an open leaf in common: what is found for one says nothing of the others. What has none comes first, then those
 * with the fewest.
 */
export function independentGroups(
  constraints: readonly Constraint[],
  isOpen: (key: LeafKey) => boolean,
): readonly (readonly Constraint[])[] {
  const settled: Constraint[] = []
  const groups = new Map<LeafKey, Group>()
  for (const constraint of constraints) {
    const keys = occurrencesIn(constraint.part)
      .map(({ leaf }) => keyOf(leaf))
      .filter(isOpen)
    const [first, ...others] = new Set(keys.flatMap((key) => groups.get(key) ?? []))
    const group: Group = first ?? { keys: new Set(), constraints: [] }
    group.constraints.push(constraint, ...others.flatMap((other) => other.constraints))
    for (const key of [...keys, ...others.flatMap((other) => [...other.keys])]) {
      group.keys.add(key)
      groups.set(key, group)
    }
    if (keys.length === 0) settled.push(constraint)
  }
  const open = [...new Set(groups.values())].toSorted((one, other) => one.keys.size - other.keys.size)
  return [settled, ...open.map((group) => group.constraints)]
}

interface Group {
  /** Open leaves. */
  readonly keys: Set<LeafKey>
  readonly constraints: Constraint[]
}

/** A list of which each part has to be met, or to be missed, is as good as its parts. */
function split(constraint: Constraint): readonly Constraint[] {
  const { part, wish } = constraint
  const inside = part.kind === 'not' ? part.of : part
  if (inside.kind !== 'allOf' && inside.kind !== 'anyOf') return [constraint]
  const each = (part.kind === 'not') === (wish === 'met') ? 'anyOf' : 'allOf'
  if (inside.kind !== each && inside.of.length !== 1) return [constraint]
  return inside.of.flatMap((one) => split({ part: part.kind === 'not' ? { kind: 'not', of: one } : one, wish }))
}

/** The same text for requirements that differ in order, brackets and repetitions alone. */
function textsWithin(policies: Map<object, number>): (requirement: Requirement) => string {
  const textOf = (requirement: Requirement): string => {
    switch (requirement.kind) {
      case 'grant':
        return JSON.stringify([requirement.category, requirement.name])
      case 'policy': {
        const { key } = requirement.policy
        const number = policies.get(key) ?? policies.size
        policies.set(key, number)
        return `policy ${number}`
      }
      case 'not':
        return `not ${textOf(requirement.of)}`
      case 'allOf':
      case 'anyOf': {
        const { kind, of } = requirement
        return `${kind}(${[...new Set(flat(kind, of).map(textOf))].toSorted().join()})`
      }
    }
  }
  return textOf
}

function flat(kind: 'allOf' | 'anyOf', parts: readonly Requirement[]): readonly Requirement[] {
  return parts.flatMap((part) => (part.kind === kind ? flat(kind, part.of) : [part]))
}
