import type { Parsed } from '../../core/operation/operation.js'
import { compileDto } from './dto/compile-dto.js'
import { notASource } from './compile-input.js'
import { compileStandard } from './standard/compile-standard.js'
import type { CompiledSchema } from './compiled-schema.js'
import { isDto } from './dto/dto-property.js'
import type { JsonCheck } from './json-check.js'
import { isRecord } from './json-value.js'
import { isStandardSchema, type SchemaSource } from './schema-source.js'
import { findExcess, outputBounds } from './value-bounds.js'

/**
 * What an operation answers with. A result is checked in the form in which it is sent: as JSON, so dates become text and
 * instances become plain objects. A member that the schema does not name is a fault, since nobody meant to send it.
 * Throws `ConfigurationError` (`ERR_CONFIG_SCHEMA`) at start for what JSON Schema cannot state.
 */
export function compileOutput(source: SchemaSource): CompiledSchema {
  if (isStandardSchema(source)) {
    const { schema, check, validate } = compileStandard(source, 'output')
    return {
      schema,
      parse: async (value) => {
        const excess = findExcess(value, outputBounds)
        if (excess !== undefined) return { valid: false, message: excess }
        const result = await validate(value)
        return result.valid ? sent(result.value, check) : result
      },
    }
  }
  if (!isDto(source)) throw notASource(source)
  const { schema, check, build } = compileDto(source)
  return {
    schema,
    parse: async (value) => {
      const excess = findExcess(value, outputBounds)
      const result = excess === undefined ? sent(value, check) : { valid: false as const, message: excess }
      if (!result.valid) return result
      const agreed = await build(result.value)
      return agreed.valid ? result : agreed
    },
  }
}

/** The JSON form of a result, when it matches the listed schema. */
function sent(value: unknown, check: JsonCheck): Parsed<object> {
  const json = jsonForm(value)
  if (!isRecord(json)) return { valid: false, message: 'the result must be an object that JSON can carry' }
  const problem = check(json)
  return problem === undefined ? { valid: true, value: json } : { valid: false, message: problem }
}

function jsonForm(value: unknown): unknown {
  try {
    return JSON.parse(JSON.stringify(value))
  } catch {
    return undefined
  }
}
