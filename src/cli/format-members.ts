import { isObject } from '../core/trust/option-reader.js'
import { formatTable } from './format-table.js'

/** Every value of an object by its place, a line each. */
export function formatMembers(value: Readonly<Record<string, unknown>>): string {
  return formatTable(['WHAT', 'VALUE'], linesOf(value, ''))
}

function linesOf(value: unknown, path: string): readonly (readonly string[])[] {
  if (isObject(value)) {
    return Object.entries(value).flatMap(([name, member]) => linesOf(member, path === '' ? name : `${path}.${name}`))
  }
  if (value === undefined) return []
  return [[path, Array.isArray(value) ? value.join(', ') : String(value)]]
}
