import { ConfigurationError } from '../../core/error/configuration-error.js'

/** Collects what is wrong with a schema, so that one start shows every fault. */
export class SchemaFaults {
  readonly #faults: ConfigurationError[] = []

  /** Notes a fault at a property path such as `CreateResource.tags[]`. */
  add(path: string, message: string, cause?: unknown): void {
    this.#faults.push(schemaFault(path, message, cause))
  }

  /** Throws `ConfigurationError` (`ERR_CONFIG_SCHEMA`) when anything was noted. */
  throwIfAny(): void {
    const [first] = this.#faults
    if (first === undefined) return
    if (this.#faults.length === 1) throw first
    const lines = this.#faults.map((fault, index) => `  ${index + 1}. ${fault.message}`)
    throw new ConfigurationError('ERR_CONFIG_SCHEMA', `${lines.length} faults in a schema:\n${lines.join('\n')}`, {
      faults: this.#faults,
    })
  }
}

/** One fault of a schema, with its property path in front. */
export function schemaFault(path: string, message: string, cause?: unknown): ConfigurationError {
  return new ConfigurationError('ERR_CONFIG_SCHEMA', `${path}: ${message}`, cause === undefined ? {} : { cause })
}
