import { AuthSecError } from './auth-sec-error.js'

export type ConfigurationErrorCode =
  | 'ERR_APP_STARTED_ON_IMPORT'
  | 'ERR_CONFIG_APP'
  | 'ERR_CONFIG_APPLICATION'
  | 'ERR_CONFIG_AUTHENTICATOR'
  | 'ERR_CONFIG_CYCLE'
  | 'ERR_CONFIG_DATABASE'
  | 'ERR_CONFIG_DUPLICATE_NAME'
  | 'ERR_CONFIG_ENVIRONMENT'
  | 'ERR_CONFIG_GRAPH'
  | 'ERR_CONFIG_ISSUER'
  | 'ERR_CONFIG_LOGIN'
  | 'ERR_CONFIG_MATRIX'
  | 'ERR_CONFIG_METADATA'
  | 'ERR_CONFIG_NAME'
  | 'ERR_CONFIG_OPTION'
  | 'ERR_CONFIG_OVERRIDE'
  | 'ERR_CONFIG_PARAMETER'
  | 'ERR_CONFIG_PROTECTION'
  | 'ERR_CONFIG_PROVIDER'
  | 'ERR_CONFIG_REQUIREMENT'
  | 'ERR_CONFIG_REQUIRE_ALL'
  | 'ERR_CONFIG_SCHEMA'
  | 'ERR_CONFIG_SCOPE'
  | 'ERR_CONFIG_SERVER'
  | 'ERR_CONFIG_SERVICE'
  | 'ERR_CONFIG_UPSTREAM'
  | 'ERR_CONFIG_URL'
  | 'ERR_CONFIG_VAULT'

export interface ConfigurationErrorOptions extends ErrorOptions {
  /** `file:line:column` of the user's decorator or call, where known. */
  readonly declaredAt?: string | undefined
  /** The injection chain that led to the fault, outermost first, such as `['Server', 'Repository']`. */
  readonly path?: readonly string[] | undefined
  /** Every fault found, when one error reports several. */
  readonly faults?: readonly ConfigurationError[] | undefined
}

/** The developer has to change code or configuration. Thrown only while starting. */
export class ConfigurationError extends AuthSecError<ConfigurationErrorCode> {
  // Not own properties: what prints an uncaught error would print them all after the message.
  readonly #declaredAt: string | undefined
  readonly #path: readonly string[]
  readonly #faults: readonly ConfigurationError[]

  constructor(code: ConfigurationErrorCode, message: string, options: ConfigurationErrorOptions = {}) {
    super(code, message, options.cause === undefined ? {} : { cause: options.cause })
    this.#declaredAt = options.declaredAt
    this.#path = options.path ?? []
    this.#faults = options.faults ?? []
    this.stack = `${this.name} [${code}]: ${message}${this.#lines()}`
  }

  /** `file:line:column` of the user's decorator or call, where known. */
  get declaredAt(): string | undefined {
    return this.#declaredAt
  }

  /** The injection chain that led to the fault, outermost first. */
  get path(): readonly string[] {
    return this.#path
  }

  /** Every fault found, when this error reports several. */
  get faults(): readonly ConfigurationError[] {
    return this.#faults
  }

  /** What Node.js prints of an uncaught error: the message and the user's lines, without our own. */
  [Symbol.for('nodejs.util.inspect.custom')](): string {
    return this.stack ?? this.message
  }

  /** Whoever reads the stack of an uncaught error is to see their own line, not ours. */
  #lines(): string {
    const faults = this.faults.length > 0 ? this.faults : [this]
    const places = faults.map(({ declaredAt }) => declaredAt).filter((place) => place !== undefined)
    return places.map((place) => `\n    at ${place}`).join('')
  }

  /** One error for all faults of a start: itself for one, a numbered list for several. */
  static join(faults: readonly ConfigurationError[]): ConfigurationError | undefined {
    const [first] = faults
    if (first === undefined || faults.length === 1) return first
    const lines = faults.map((fault, index) => `  ${index + 1}. [${fault.code}] ${fault.message}`)
    return new ConfigurationError('ERR_CONFIG_GRAPH', `${faults.length} faults:\n${lines.join('\n')}`, { faults })
  }
}
