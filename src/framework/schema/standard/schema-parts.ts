import type { JsonSchema } from '../../../core/operation/json-schema.js'
import { isRecord } from '../json-value.js'

/** A subschema, and the keyword that holds it. */
export interface SchemaPart {
  readonly keyword: string
  readonly schema: JsonSchema
}

/** Keywords whose subschemas apply to the same value as the schema that holds them. */
export const inPlace: ReadonlySet<string> = new Set([
  'allOf',
  'anyOf',
  'oneOf',
  'not',
  'if',
  'then',
  'else',
  'dependentSchemas',
])

const single = new Set([
  'additionalProperties',
  'contains',
  'contentSchema',
  'else',
  'if',
  'items',
  'not',
  'propertyNames',
  'then',
  'unevaluatedItems',
  'unevaluatedProperties',
])
const lists = new Set(['allOf', 'anyOf', 'oneOf', 'prefixItems'])
const maps = new Set(['$defs', 'definitions', 'dependentSchemas', 'patternProperties', 'properties'])

/** The subschemas of a schema (JSON Schema Core 2020-12, section 10); data in `const`, `enum`, `default` is not one. */
export function schemaParts(schema: JsonSchema): readonly SchemaPart[] {
  return Object.entries(schema).flatMap(([keyword, value]) => {
    return subschemas(keyword, value)
      .filter(isRecord)
      .map((part) => ({ keyword, schema: part }))
  })
}

/** A copy of a schema in which `change` has replaced every direct subschema. */
export function mapSchemaParts(schema: JsonSchema, change: (part: SchemaPart) => JsonSchema): JsonSchema {
  const changed = (keyword: string, value: unknown): unknown =>
    isRecord(value) ? change({ keyword, schema: value }) : value
  const entries = Object.entries(schema).map(([keyword, value]): [string, unknown] => {
    if (single.has(keyword)) return [keyword, changed(keyword, value)]
    if (lists.has(keyword) && Array.isArray(value)) return [keyword, value.map((part) => changed(keyword, part))]
    if (!maps.has(keyword) || !isRecord(value)) return [keyword, value]
    return [keyword, Object.fromEntries(Object.entries(value).map(([name, part]) => [name, changed(keyword, part)]))]
  })
  return Object.fromEntries(entries)
}

function subschemas(keyword: string, value: unknown): readonly unknown[] {
  if (single.has(keyword)) return [value]
  if (lists.has(keyword)) return Array.isArray(value) ? value : []
  return maps.has(keyword) && isRecord(value) ? Object.values(value) : []
}
