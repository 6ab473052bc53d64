import type { Translation, Translator } from './fragment.js'
import { isScalar } from '../json-value.js'

/** The validators of a whole array. */
export const arrayFragments: readonly (readonly [string, Translator])[] = [
  ['isArray', () => ({ type: ['array'] })],
  ['arrayNotEmpty', () => ({ type: ['array'], minItems: 1 })],
  ['arrayMinSize', ([size]) => sized('minItems', size)],
  ['arrayMaxSize', ([size]) => sized('maxItems', size)],
  ['arrayUnique', () => ({ type: ['array'], uniqueItems: true })],
  ['arrayContains', ([values]) => containing(values, (list) => list.map((value) => ({ contains: { const: value } })))],
  [
    'arrayNotContains',
    ([values]) => containing(values, (list) => [{ not: { type: 'array', contains: { enum: list } } }]),
  ],
]

function sized(keyword: string, size: unknown): Translation {
  if (typeof size !== 'number' || !Number.isInteger(size) || size < 0)
    return 'the size is not a whole number. Write one'
  return { type: ['array'], [keyword]: size }
}

function containing(values: unknown, form: (list: readonly unknown[]) => readonly unknown[]): Translation {
  if (!Array.isArray(values) || values.length === 0) return 'the list of values is empty. Name at least one value'
  if (!values.every(isScalar))
    return 'only strings, numbers, booleans and null can be listed. Compare objects in the handler'
  return { type: ['array'], allOf: form([...new Set(values)]) }
}
