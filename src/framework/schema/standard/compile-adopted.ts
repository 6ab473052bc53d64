import type { JsonSchema } from '../../../core/operation/json-schema.js'
import { compileJsonCheck, type JsonCheck } from '../json-check.js'
import { schemaFault } from '../schema-fault.js'

/** Compiles a schema that somebody wrote. Throws `ConfigurationError` with the compiler's reason. */
export function compileAdopted(path: string, schema: JsonSchema): JsonCheck {
  try {
    return compileJsonCheck(schema)
  } catch (error) {
    const reason = error instanceof Error ? error.message : 'unknown'
    throw schemaFault(path, `it is not a valid JSON Schema 2020-12 (${reason})`, error)
  }
}
