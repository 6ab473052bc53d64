import type { ObjectSchema } from '../../../core/operation/json-schema.js'
import type { Parsed } from '../../../core/operation/operation.js'
import { toInstance } from './dto-instance.js'
import type { DtoClass } from './dto-property.js'
import { compileJsonCheck, type JsonCheck } from '../json-check.js'
import { SchemaFaults, schemaFault } from '../schema-fault.js'
import { translateDto, type TranslatedDto } from './translate-dto.js'

/** A DTO whose schema and checks are ready. */
export interface CompiledDto {
  readonly schema: ObjectSchema
  /** The listed schema alone. */
  readonly check: JsonCheck
  /** Builds an instance from a value that `check` accepts; class-validator has the last word. */
  build(value: object): Promise<Parsed<object>>
}

/** Translates and compiles a DTO. Throws `ConfigurationError` for what JSON Schema cannot state. */
export function compileDto(cls: DtoClass): CompiledDto {
  const translated = translateDto(cls)
  checkDefaults(translated)
  const { schema, needsCopy } = translated
  return {
    schema,
    check: compileOrFault(cls.name, schema),
    build: (value) => toInstance(cls, needsCopy ? plainCopy(value) : value),
  }
}

function compileOrFault(name: string, schema: ObjectSchema): JsonCheck {
  try {
    return compileJsonCheck(schema)
  } catch (error) {
    throw schemaFault(name, 'its schema does not compile. Simplify its decorators', error)
  }
}

/** An initialiser that its own validators refuse would fail every call that leaves the property out. */
function checkDefaults({ defaults }: TranslatedDto): void {
  const faults = new SchemaFaults()
  for (const { path, schema, value } of defaults) {
    const problem = compileJsonCheck({ type: 'object', properties: { value: schema } })({ value })
    if (problem !== undefined) faults.add(path, 'the initialiser is refused by its own validators. Change one of them')
  }
  faults.throwIfAny()
}

/** The value came through JSON, or is as plain; its copy must be of this realm, which `structuredClone` does not promise. */
function plainCopy(value: object): object {
  const copy: unknown = JSON.parse(JSON.stringify(value))
  return typeof copy === 'object' && copy !== null ? copy : {}
}
