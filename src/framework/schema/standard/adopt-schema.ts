import type { JsonSchema, ObjectSchema } from '../../../core/operation/json-schema.js'
import { findSchemaFault, resolveReference } from './audit-schema.js'
import { closeSchema } from './close-schema.js'
import { isRecord } from '../json-value.js'
import { dialect } from '../json-check.js'
import { schemaFault } from '../schema-fault.js'

/**
 * A schema that somebody else wrote, made fit to be listed and enforced: checked, closed, and marked as 2020-12.
 * Throws `ConfigurationError` when it is not a plain object schema that refers only to itself.
 */
export function adoptSchema(path: string, written: unknown): ObjectSchema {
  const schema = plainCopy(path, written)
  const fault = findSchemaFault(schema)
  if (fault !== undefined) throw schemaFault(path, fault)
  if (!describesObject(schema, schema, 0)) {
    throw schemaFault(
      path,
      'the arguments and results of an operation are objects, and this schema is not one. Wrap it: { value: … }',
    )
  }
  const closed = closeSchema(schema)
  if (closed === undefined)
    throw schemaFault(path, 'it refers to itself inside allOf. Give the repeated part a name of its own')
  const { $schema: _, ...body } = closed
  return { $schema: dialect, ...body, type: 'object' }
}

/** A copy that holds nothing but JSON; later changes to the original do not reach it. */
function plainCopy(path: string, written: unknown): JsonSchema {
  let copy: unknown
  try {
    copy = JSON.parse(JSON.stringify(written))
  } catch (error) {
    throw schemaFault(path, 'its JSON Schema is not JSON, or nested too deeply', error)
  }
  if (!isRecord(copy)) throw schemaFault(path, 'its JSON Schema is not an object')
  return copy
}

function describesObject(schema: JsonSchema, root: JsonSchema, depth: number): boolean {
  if (schema['type'] !== undefined) return schema['type'] === 'object'
  if (depth > 64) return false
  const referred = resolveReference(root, schema['$ref'])
  if (referred !== undefined) return describesObject(referred, root, depth + 1)
  const branches: unknown = schema['oneOf'] ?? schema['anyOf'] ?? schema['allOf']
  if (!Array.isArray(branches) || branches.length === 0) return false
  return branches.every((branch) => isRecord(branch) && describesObject(branch, root, depth + 1))
}
