import type { JsonSchema } from '../../../core/operation/json-schema.js'
import { resolveReference } from './audit-schema.js'
import { isRecord } from '../json-value.js'
import { inPlace, mapSchemaParts, schemaParts } from './schema-parts.js'
import { longestMatched } from '../dto/string-fragments.js'

/** Keywords that decide something else than whether the value is accepted: what they say must stay as it is. */
const untouched = new Set(['contains', 'if', 'not', 'propertyNames'])

/**
 * Refuses what a schema does not mention: members that are not declared (unless it says `additionalProperties` itself),
 * and texts without a bound where a pattern or format would have to read all of them. What is added is also listed.
 * Gives `undefined` for a schema that completes itself with itself, which cannot be closed.
 */
export function closeSchema(root: JsonSchema): JsonSchema | undefined {
  const shared = sharedParts(root)
  return shared.has(root) ? undefined : new Closing(root, shared).close(root, true)
}

class Closing {
  readonly #root: JsonSchema
  /** Parts that are applied together with others: closing them would refuse what their neighbours declare. */
  readonly #shared: ReadonlySet<JsonSchema>

  constructor(root: JsonSchema, shared: ReadonlySet<JsonSchema>) {
    this.#root = root
    this.#shared = shared
  }

  /** `alone` is false for a schema that is applied together with others to the same value. */
  close(schema: JsonSchema, alone: boolean): JsonSchema {
    const passes = alone && passesOn(schema)
    const closed = mapSchemaParts(schema, (part) => {
      if (untouched.has(part.keyword)) return part.schema
      const byItself = inPlace.has(part.keyword) ? passes : true
      return this.close(part.schema, byItself && !this.#shared.has(part.schema))
    })
    return { ...closed, ...bound(schema), ...(alone ? this.#seal(schema) : {}) }
  }

  #seal(schema: JsonSchema): JsonSchema {
    if ('additionalProperties' in schema || 'unevaluatedProperties' in schema) return {}
    const referred = resolveReference(this.#root, schema['$ref'])
    if (isComposed(schema) || (referred !== undefined && this.#shared.has(referred)))
      return { unevaluatedProperties: false }
    return isRecord(schema['properties']) ? { additionalProperties: false } : {}
  }
}

function bound(schema: JsonSchema): JsonSchema {
  const reads = typeof schema['pattern'] === 'string' || typeof schema['format'] === 'string'
  if (!reads || schema['maxLength'] !== undefined || schema['contentEncoding'] !== undefined) return {}
  return { maxLength: longestMatched * 2 }
}

/** Whether the branches of a union may be closed in its place. */
function passesOn(schema: JsonSchema): boolean {
  return isUnion(schema) && !isComposed(schema)
}

/** Whether several schemas together describe one object, so that none of them may be closed by itself. */
function isComposed(schema: JsonSchema): boolean {
  const joint = ['allOf', 'if', 'dependentSchemas'].some((keyword) => keyword in schema)
  const beside = isRecord(schema['properties']) || '$ref' in schema
  return joint || (beside && isUnion(schema)) || (isRecord(schema['properties']) && '$ref' in schema)
}

function isUnion(schema: JsonSchema): boolean {
  return 'anyOf' in schema || 'oneOf' in schema
}

function sharedParts(root: JsonSchema): ReadonlySet<JsonSchema> {
  const shared = new Set<JsonSchema>()
  const open: { readonly schema: JsonSchema; readonly alone: boolean }[] = [{ schema: root, alone: true }]
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    const { schema, alone } = next
    const referred = resolveReference(root, schema['$ref'])
    if (referred !== undefined && (!alone || isComposed(schema))) shared.add(referred)
    for (const part of schemaParts(schema)) {
      open.push({ schema: part.schema, alone: inPlace.has(part.keyword) ? alone && passesOn(schema) : true })
    }
  }
  return shared
}
