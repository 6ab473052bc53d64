import type { JsonSchema } from '../../../core/operation/json-schema.js'
import { isRecord, reservedNames } from '../json-value.js'
import { allowFormat, allowKeyword, dialect } from '../json-check.js'
import { inPlace, schemaParts } from './schema-parts.js'

const most = { parts: 10_000, depth: 64, values: 1_000, applications: 1_000, steps: 32 }

/** Keywords that move references elsewhere, or that change what Ajv makes of a schema. */
const refused = [
  '$id',
  '$anchor',
  '$dynamicRef',
  '$dynamicAnchor',
  '$recursiveRef',
  '$recursiveAnchor',
  '$async',
  '$data',
  '$vocabulary',
]

/**
 * What makes a schema from elsewhere unfit to be listed and enforced, or `undefined`: references out of the schema,
 * references in a circle, and sizes that would let a small value cost much time.
 */
export function findSchemaFault(root: JsonSchema): string | undefined {
  if (root['$schema'] !== undefined && root['$schema'] !== dialect) return `the dialect must be ${dialect}`
  const open = [{ schema: root, depth: 1 }]
  let parts = 0
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    if (++parts > most.parts) return `it has more than ${most.parts} parts`
    if (next.depth > most.depth) return `it is nested more than ${most.depth} levels deep`
    const fault = partFault(next.schema, root)
    if (fault !== undefined) return fault
    for (const { schema } of schemaParts(next.schema)) open.push({ schema, depth: next.depth + 1 })
  }
  return new ApplicationCount(root).fault()
}

function partFault(schema: JsonSchema, root: JsonSchema): string | undefined {
  const keyword = refused.find((name) => Object.hasOwn(schema, name))
  if (keyword !== undefined) return `the keyword ${keyword} is not supported`
  if (schema !== root && schema['$schema'] !== undefined) return 'only the whole schema may have $schema'
  if (schema['$ref'] !== undefined && resolveReference(root, schema['$ref']) === undefined) {
    return `$ref must point into the same schema, such as #/$defs/Name, and ${JSON.stringify(schema['$ref'])} does not`
  }
  const values = schema['enum']
  if (Array.isArray(values) && values.length > most.values) return `an enum has more than ${most.values} values`
  const names = isRecord(schema['properties']) ? Object.keys(schema['properties']) : []
  const reserved = names.find((name) => reservedNames.has(name))
  if (reserved !== undefined) return `the property name "${reserved}" is reserved, because every object answers to it`
  if (schema['uniqueItems'] === true && !hasScalarItems(schema))
    return 'uniqueItems is supported for strings, numbers and booleans only'
  allowExtensions(schema)
  return undefined
}

/** Comparing every object with every other takes time that is quadratic in what the caller sends. */
function hasScalarItems({ items }: JsonSchema): boolean {
  const types = isRecord(items) ? [items['type']].flat() : [undefined]
  return types.every((type) => typeof type === 'string' && type !== 'object' && type !== 'array')
}

function allowExtensions(schema: JsonSchema): void {
  if (typeof schema['format'] === 'string') allowFormat(schema['format'])
  for (const keyword of Object.keys(schema)) {
    if (keyword.startsWith('x-')) allowKeyword(keyword)
  }
}

/** The part of `root` that a local JSON Pointer reference names (RFC 6901 section 6). */
export function resolveReference(root: JsonSchema, reference: unknown): JsonSchema | undefined {
  if (typeof reference !== 'string' || !/^#(?:\/|$)/.test(reference)) return undefined
  let found: unknown = root
  for (const segment of reference.split('/').slice(1)) {
    const name = segment.replaceAll('~1', '/').replaceAll('~0', '~')
    if (typeof found !== 'object' || found === null || !Object.hasOwn(found, name)) return undefined
    found = Object.entries(found).find(([key]) => key === name)?.[1]
  }
  return isRecord(found) ? found : undefined
}

interface Application {
  /** How many parts of the schema are applied to one value. */
  readonly total: number
  /** How many of them stand one behind the other. */
  readonly steps: number
}

/** Counts how often parts of a schema are applied to one and the same value, references followed. */
class ApplicationCount {
  readonly #root: JsonSchema
  readonly #known = new Map<JsonSchema, Application>()
  readonly #open = new Set<JsonSchema>()

  constructor(root: JsonSchema) {
    this.#root = root
  }

  fault(): string | undefined {
    const open = [this.#root]
    for (let schema = open.pop(); schema !== undefined; schema = open.pop()) {
      const application = this.#count(schema)
      if (application === undefined)
        return 'its references go in a circle, or through too many steps, before they reach a value'
      if (application.total > most.applications)
        return 'its references multiply: one value would be checked too many times'
      open.push(...schemaParts(schema).map((part) => part.schema))
    }
    return undefined
  }

  #count(schema: JsonSchema): Application | undefined {
    const known = this.#known.get(schema)
    if (known !== undefined) return known
    if (this.#open.has(schema) || this.#open.size > most.steps) return undefined
    this.#open.add(schema)
    let total = 1
    let steps = 1
    for (const part of this.#applied(schema)) {
      const inner = this.#count(part)
      if (inner === undefined || inner.steps >= most.steps) return undefined
      total = Math.min(total + inner.total, most.applications + 1)
      steps = Math.max(steps, inner.steps + 1)
    }
    this.#open.delete(schema)
    this.#known.set(schema, { total, steps })
    return { total, steps }
  }

  #applied(schema: JsonSchema): readonly JsonSchema[] {
    const referred = resolveReference(this.#root, schema['$ref'])
    const parts = schemaParts(schema).filter((part) => inPlace.has(part.keyword))
    return [...parts.map((part) => part.schema), ...(referred === undefined ? [] : [referred])]
  }
}
