import { isDeepStrictEqual } from 'node:util'
import type { Fragment } from './fragment.js'
import { isScalar } from '../json-value.js'

const larger = new Set(['minimum', 'exclusiveMinimum', 'minLength', 'minItems', 'minProperties'])
const smaller = new Set(['maximum', 'exclusiveMaximum', 'maxLength', 'maxItems', 'maxProperties'])

/** One schema that demands all that the fragments demand, or `undefined` where they contradict each other. */
export function mergeFragments(fragments: readonly Fragment[]): Fragment | undefined {
  const merged: Record<string, unknown> = {}
  for (const fragment of fragments) {
    for (const [keyword, value] of Object.entries(fragment)) add(merged, keyword, value)
  }
  const types = merged['type']
  const values = merged['enum']
  if (Array.isArray(values)) {
    const allowed = values.filter((value) => !Array.isArray(types) || types.some((type) => hasType(value, type)))
    if (allowed.length === 0) return undefined
    merged['enum'] = allowed
    merged['type'] = typesOf(allowed)
  }
  return Array.isArray(types) && types.length === 0 ? undefined : merged
}

/** The JSON types of some scalars: `integer` where every number is whole. */
export function typesOf(values: readonly unknown[]): readonly string[] {
  const numbers = values.filter((value) => typeof value === 'number')
  const numeric = numbers.every((value) => Number.isInteger(value)) ? 'integer' : 'number'
  const types = values.map((value) => (value === null ? 'null' : typeof value === 'number' ? numeric : typeof value))
  return [...new Set(types)]
}

function add(merged: Record<string, unknown>, keyword: string, value: unknown): void {
  const present = merged[keyword]
  if (present === undefined) merged[keyword] = value
  else if (keyword === 'type') merged[keyword] = narrowTypes(present, value)
  else if (keyword === 'enum') merged[keyword] = both(present, value)
  else if (keyword === 'allOf') merged[keyword] = [...list(present), ...list(value)]
  else if (larger.has(keyword)) merged[keyword] = Math.max(Number(present), Number(value))
  else if (smaller.has(keyword)) merged[keyword] = Math.min(Number(present), Number(value))
  else if (!isDeepStrictEqual(present, value)) merged['allOf'] = [...list(merged['allOf']), { [keyword]: value }]
}

function narrowTypes(first: unknown, second: unknown): readonly unknown[] {
  const kept = list(first).flatMap((one) => {
    if (list(second).includes(one)) return [one]
    if (one === 'integer' && list(second).includes('number')) return ['integer']
    return one === 'number' && list(second).includes('integer') ? ['integer'] : []
  })
  return [...new Set(kept)]
}

function both(first: unknown, second: unknown): readonly unknown[] {
  return list(first).filter((value) => list(second).includes(value))
}

function list(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : []
}

function hasType(value: unknown, type: unknown): boolean {
  if (!isScalar(value)) return false
  if (type === 'integer') return Number.isInteger(value)
  return value === null ? type === 'null' : typeof value === type
}
