import type { JsonSchema } from '../../core/operation/json-schema.js'
import { isRecord } from './json-value.js'
import { resolveReference } from './standard/audit-schema.js'

/** Keywords whose parts say more of the same value. */
const sameValue = ['allOf', 'anyOf', 'oneOf'] as const
const plainTypes: ReadonlySet<unknown> = new Set(['boolean', 'integer', 'null', 'number', 'string'])
const mostSteps = 64

/**
 * Why a member of the input cannot be put on record where it can be read, or `undefined`. Only plain values and lists of them can:
 * of anything larger nobody could say what will be in it. Not what is marked as secret, by `format: 'password'`, `writeOnly`,
 * `x-secret` or `x-sensitive` (`@Sensitive`), nor what stands within that.
 */
export function memberFault(root: JsonSchema, path: string): string | undefined {
  let schemas = withParts(root, [root])
  for (const [step, name] of path.split('.').entries()) {
    const found = schemas.flatMap((schema) => propertyOf(schema, name))
    if (found.length === 0) {
      const parent = path.split('.').slice(0, step).join('.')
      const known = [
        ...new Set(schemas.flatMap(({ properties }) => (isRecord(properties) ? Object.keys(properties) : []))),
      ]
      const inside = parent === '' ? 'the input' : `"${parent}"`
      return `is no member of the input: ${inside} has ${known.length === 0 ? 'no members' : known.join(', ')}`
    }
    schemas = withParts(root, found)
    if (schemas.some(isSecret)) return 'is marked as secret'
  }
  return schemas.some(isNamed) && schemas.every((schema) => !isNamed(schema) || isPlain(root, schema))
    ? undefined
    : 'is neither a text, number or boolean nor a list of them: name its members'
}

function propertyOf({ properties }: JsonSchema, name: string): readonly JsonSchema[] {
  if (!isRecord(properties) || !Object.hasOwn(properties, name)) return []
  const property = properties[name]
  return isRecord(property) ? [property] : []
}

/** The schemas themselves, what they refer to, and their parts that say more of the same value. */
function withParts(root: JsonSchema, schemas: readonly JsonSchema[]): readonly JsonSchema[] {
  const all = new Set<JsonSchema>(schemas)
  let steps = 0
  for (const schema of all) {
    steps += 1
    if (steps > mostSteps) break
    const referred = resolveReference(root, schema['$ref'])
    if (referred !== undefined) all.add(referred)
    for (const keyword of sameValue) {
      const parts = schema[keyword]
      if (Array.isArray(parts)) for (const part of parts) if (isRecord(part)) all.add(part)
    }
  }
  return [...all]
}

function isSecret(schema: JsonSchema): boolean {
  return (
    schema['format'] === 'password' ||
    schema['writeOnly'] === true ||
    schema['x-secret'] === true ||
    schema['x-sensitive'] === true
  )
}

/** Whether it says by itself what the value is. */
function isNamed(schema: JsonSchema): boolean {
  return schema['type'] !== undefined || schema['enum'] !== undefined || schema['const'] !== undefined
}

function isPlain(root: JsonSchema, schema: JsonSchema): boolean {
  const types = [schema['type']].flat()
  if (types.every((type) => plainTypes.has(type))) return true
  if (schema['type'] === undefined) {
    const values = Array.isArray(schema['enum']) ? schema['enum'] : [schema['const']]
    return values.every((value) => typeof value !== 'object' || value === null)
  }
  const { items } = schema
  if (!types.every((type) => type === 'array' || plainTypes.has(type)) || !isRecord(items)) return false
  const inner = withParts(root, [items])
  return !inner.some(isSecret) && inner.some(isNamed) && inner.every((part) => !isNamed(part) || isPlainItem(part))
}

function isPlainItem(schema: JsonSchema): boolean {
  return [schema['type']].flat().every((type) => plainTypes.has(type))
}
