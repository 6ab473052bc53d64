import type { Translation, Translator } from './fragment.js'
import { isRecord, isScalar } from '../json-value.js'
import { typesOf } from './merge-fragments.js'

const mostValues = 1_000

/** Types, numbers, enumerations: the validators that are not about strings or arrays. */
export const valueFragments: readonly (readonly [string, Translator])[] = [
  ['isString', () => ({ type: ['string'] })],
  ['isBoolean', () => ({ type: ['boolean'] })],
  ['isInt', () => ({ type: ['integer'] })],
  ['isNumber', ([options]) => numberFragment(options)],
  ['isDate', () => ({ type: ['string'], format: 'date-time' })],
  ['isObject', () => ({ type: ['object'] })],
  ['isNotEmptyObject', ([options]) => notEmptyObject(options)],
  ['isDefined', () => ({})],
  ['isNotEmpty', () => ({ minLength: 1 })],
  ['isEnum', ([entity]) => enumeration(enumValues(entity))],
  ['isIn', ([values]) => enumeration(values)],
  ['equals', ([value]) => enumeration([value])],
  ['isNotIn', ([values]) => exclusion(values)],
  ['notEquals', ([value]) => exclusion([value])],
  ['min', ([bound]) => limit('minimum', bound)],
  ['max', ([bound]) => limit('maximum', bound)],
  ['isPositive', () => limit('exclusiveMinimum', 0)],
  ['isNegative', () => limit('exclusiveMaximum', 0)],
  ['isDivisibleBy', ([divisor]) => multiple(divisor)],
]

function numberFragment(options: unknown): Translation {
  if (isRecord(options) && options['maxDecimalPlaces'] !== undefined) {
    return '@IsNumber({ maxDecimalPlaces }) has no exact JSON Schema form. Take the smallest unit with @IsInt() (cents, milliseconds)'
  }
  return { type: ['number'] }
}

function notEmptyObject(options: unknown): Translation {
  if (isRecord(options) && options['nullable'] === false) {
    return '@IsNotEmptyObject({ nullable: false }) has no JSON Schema form. Drop the option, or declare the members in a class of their own'
  }
  return { type: ['object'], minProperties: 1 }
}

/** A numeric TypeScript enum also maps its values back to their names: those are not values. */
function enumValues(entity: unknown): unknown {
  if (Array.isArray(entity) || !isRecord(entity)) return entity
  const names = Object.keys(entity).filter((name) => !isReverseMapping(entity, name))
  return [...new Set(names.map((name) => entity[name]))]
}

function isReverseMapping(entity: Readonly<Record<string, unknown>>, name: string): boolean {
  const value = entity[name]
  return typeof value === 'string' && String(Number(name)) === name && entity[value] === Number(name)
}

function enumeration(values: unknown): Translation {
  return scalarList(values, (list) => ({ type: typesOf(list), enum: list }))
}

function exclusion(values: unknown): Translation {
  return scalarList(values, (list) => ({ not: { enum: list } }))
}

function scalarList(values: unknown, form: (list: readonly unknown[]) => Translation): Translation {
  if (!Array.isArray(values) || values.length === 0) return 'the list of values is empty. Name at least one value'
  if (!values.every(isScalar))
    return 'only strings, numbers, booleans and null can be listed. Compare objects in the handler'
  if (values.length > mostValues)
    return `more than ${mostValues} values cannot be listed. Look the value up in the handler`
  return form([...new Set(values)])
}

function limit(keyword: string, bound: unknown): Translation {
  if (typeof bound !== 'number' || !Number.isFinite(bound)) return 'the bound is not a finite number. Write one'
  return { type: ['number'], [keyword]: bound }
}

function multiple(divisor: unknown): Translation {
  if (typeof divisor === 'number' && Number.isInteger(divisor) && divisor > 0)
    return { type: ['number'], multipleOf: divisor }
  return '@IsDivisibleBy takes whole positive divisors only. Take the smallest unit with @IsInt() (cents, milliseconds)'
}
