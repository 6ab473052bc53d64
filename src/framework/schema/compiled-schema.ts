import type { ObjectSchema } from '../../core/operation/json-schema.js'
import type { Parsed } from '../../core/operation/operation.js'

/** A schema that is listed, and the check that enforces exactly what is listed. */
export interface CompiledSchema {
  /** JSON Schema 2020-12, as shown to clients. */
  readonly schema: ObjectSchema
  /** Checks a value and builds what the handler is given. The message may be shown to the caller: it never repeats the value. */
  parse(value: unknown): Parsed<unknown> | Promise<Parsed<unknown>>
}
