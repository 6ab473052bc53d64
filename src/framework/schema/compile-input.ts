import type { ConfigurationError } from '../../core/error/configuration-error.js'
import type { Parsed } from '../../core/operation/operation.js'
import type { CompiledSchema } from './compiled-schema.js'
import { compileDto } from './dto/compile-dto.js'
import { compileStandard } from './standard/compile-standard.js'
import { isDto } from './dto/dto-property.js'
import type { JsonCheck } from './json-check.js'
import { isRecord } from './json-value.js'
import { schemaFault } from './schema-fault.js'
import { isStandardSchema, type SchemaSource } from './schema-source.js'
import { findExcess, inputBounds } from './value-bounds.js'

/**
 * What an operation takes: nothing, a class-validator DTO, or a Standard Schema. A call is checked in this order: bounds
 * on size and depth, the listed schema, then class-transformer and class-validator (or the library of the schema).
 * Throws `ConfigurationError` (`ERR_CONFIG_SCHEMA`) at start for what JSON Schema cannot state.
 */
export function compileInput(source: SchemaSource | undefined): CompiledSchema {
  if (source === undefined) return nothing
  if (isStandardSchema(source)) {
    const { schema, check, validate } = compileStandard(source, 'input')
    return { schema, parse: (value) => checked(value, check, validate) }
  }
  if (!isDto(source)) throw notASource(source)
  const { schema, check, build } = compileDto(source)
  return { schema, parse: (value) => checked(value, check, build) }
}

/** The fault of a class, or something else, that nothing can be listed of. */
export function notASource(source: unknown): ConfigurationError {
  const name = typeof source === 'function' && source.name !== '' ? source.name : 'the schema'
  return schemaFault(
    name,
    'it is neither a class with class-validator decorators on its properties nor a Standard Schema (Zod, Valibot, ArkType)',
  )
}

/** Runs `then` on a value that is small enough and matches its listed schema; missing arguments are an empty object. */
export function checked(
  value: unknown,
  check: JsonCheck,
  then: (value: object) => Parsed<unknown> | Promise<Parsed<unknown>>,
): Parsed<unknown> | Promise<Parsed<unknown>> {
  const given = value === undefined ? {} : value
  if (!isRecord(given)) return { valid: false, message: 'the arguments must be an object' }
  const problem = findExcess(given, inputBounds) ?? check(given)
  return problem === undefined ? then(given) : { valid: false, message: problem }
}

const nothing: CompiledSchema = {
  schema: { type: 'object', properties: {}, additionalProperties: false },
  parse: (value) => checked(value, refuseMembers, () => ({ valid: true, value: {} })),
}

function refuseMembers(value: unknown): string | undefined {
  return isRecord(value) && Object.keys(value).length > 0 ? 'this operation takes no arguments' : undefined
}
