import type { JsonSchema, ObjectSchema } from '../../../core/operation/json-schema.js'
import { classDescription } from '../../decorator/describe.js'
import { Definitions, type Tag } from './definitions.js'
import { readDto, type DtoClass, type DtoProperty } from './dto-property.js'
import { isScalar, isRecord } from '../json-value.js'
import { dialect } from '../json-check.js'
import { SchemaFaults } from '../schema-fault.js'
import { translateProperty, type NestedTranslator } from './translate-property.js'

/** A DTO as JSON Schema. */
export interface TranslatedDto {
  readonly schema: ObjectSchema
  /** class-transformer deletes the tag of a union from what it is given, so it must be given a copy. */
  readonly needsCopy: boolean
  /** What initialisers fill in, with the schema each must satisfy. */
  readonly defaults: readonly ListedDefault[]
}

/** An initialiser's value that is listed as `default`. */
export interface ListedDefault {
  readonly path: string
  readonly schema: JsonSchema
  readonly value: unknown
}

/**
 * Translates a class-validator DTO to JSON Schema 2020-12, so that both accept the same values; where class-validator
 * is lax the schema is stricter. Throws `ConfigurationError` naming every property that has no such form.
 */
export function translateDto(cls: DtoClass): TranslatedDto {
  const name = cls.name || 'Anonymous'
  const faults = new SchemaFaults()
  const translation = new DtoTranslation(cls, faults)
  const body = translation.object(cls, name, undefined)
  faults.throwIfAny()
  const definitions = translation.definitions.schemas()
  const schema: ObjectSchema = {
    $schema: dialect,
    ...body,
    type: 'object',
    ...(Object.keys(definitions).length === 0 ? {} : { $defs: definitions }),
  }
  return { schema, needsCopy: translation.needsCopy, defaults: translation.defaults }
}

class DtoTranslation {
  readonly definitions: Definitions
  readonly defaults: ListedDefault[] = []
  readonly #faults: SchemaFaults
  needsCopy = false

  constructor(root: DtoClass, faults: SchemaFaults) {
    this.definitions = new Definitions(root)
    this.#faults = faults
  }

  object(cls: DtoClass, path: string, tag: Tag | undefined): JsonSchema {
    const properties: [string, JsonSchema][] = []
    const required: string[] = []
    if (tag !== undefined) {
      properties.push([tag.property, { type: 'string', const: tag.value }])
      required.push(tag.property)
    }
    const declared = readDto(cls, path, this.#faults)
    this.#checkTag(declared, tag, path)
    for (const property of declared) {
      if (property.name === tag?.property) continue
      properties.push([property.name, this.#property(property, `${path}.${property.name}`)])
      if (!property.optional && property.initial === undefined) required.push(property.name)
    }
    const description = classDescription(cls)
    return {
      type: 'object',
      ...(description === undefined ? {} : { description }),
      properties: Object.fromEntries(properties),
      ...(required.length === 0 ? {} : { required }),
      additionalProperties: false,
    }
  }

  #checkTag(declared: readonly DtoProperty[], tag: Tag | undefined, path: string): void {
    if (tag === undefined) return
    if (declared.some((property) => property.name === tag.property) === tag.kept) return
    const remedy = tag.kept
      ? `keepDiscriminatorProperty needs the property "${tag.property}" in this class, with a validator`
      : `class-transformer removes "${tag.property}": set keepDiscriminatorProperty: true, or drop the property from this class`
    this.#faults.add(path, remedy)
  }

  #property(property: DtoProperty, path: string): JsonSchema {
    const nested: NestedTranslator = {
      reference: (cls, place, tag) => {
        if (tag !== undefined && !tag.kept) this.needsCopy = true
        return this.definitions.reference(cls, tag, () => this.object(cls, place, tag))
      },
    }
    const schema = translateProperty(property, { path, faults: this.#faults, nested })
    if (property.initial === undefined || !isListable(property)) return schema
    this.defaults.push({ path, schema, value: property.initial })
    return { ...schema, default: property.initial }
  }
}

/** Instances of nested classes are checked at each call instead, and dates would be those of the start. */
function isListable({ initial, nested }: DtoProperty): boolean {
  return nested === undefined && isJson(initial, 8)
}

function isJson(value: unknown, depth: number): boolean {
  if (depth === 0) return false
  if (isScalar(value)) return true
  if (Array.isArray(value)) return value.every((item) => isJson(item, depth - 1))
  if (!isRecord(value) || Object.getPrototypeOf(value) !== Object.prototype) return false
  return Object.values(value).every((item) => isJson(item, depth - 1))
}
