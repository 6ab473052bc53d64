import type { UserContext } from '../identity/user-context.js'
import type { CallChannel, CallLogLevel, ElicitAnswer, ElicitRequest } from './call-channel.js'

export interface CallContextFields {
  readonly requestId: string
  readonly operation: string
  readonly user: UserContext | undefined
  readonly clientId: string | undefined
  /** Whether the operation is declared with `elicits: true`; a transport may not have prepared for questions otherwise. */
  readonly elicits: boolean
  readonly channel: CallChannel
}

/** One call while it runs: who calls (or nobody, on a public operation) and the way back to the client. Ask for it as a parameter. */
export class CallContext {
  /** Names this call in the audit trail and in logs. */
  readonly requestId: string
  readonly operation: string
  /** `undefined` on a public operation called without a token. */
  readonly user: UserContext | undefined
  /** The OAuth client that acts for the user. */
  readonly clientId: string | undefined
  readonly #channel: CallChannel
  readonly #elicits: boolean

  constructor(fields: CallContextFields) {
    this.requestId = fields.requestId
    this.operation = fields.operation
    this.user = fields.user
    this.clientId = fields.clientId
    this.#channel = fields.channel
    this.#elicits = fields.elicits
  }

  /** Aborted when the client cancels or goes away. Hand it to `fetch` and to queries. */
  get signal(): AbortSignal {
    return this.#channel.signal
  }

  /** Whether the client can be asked with `elicit`. */
  get canElicit(): boolean {
    return this.#elicits && this.#channel.elicit !== undefined
  }

  /** Tells the client how far the work is; does nothing where the client did not ask for it. */
  async progress(progress: number, total?: number, message?: string): Promise<void> {
    await this.#channel.progress?.(progress, total, message)
  }

  /** Sends a log message to the client; does nothing where the client takes none. Never log a secret. */
  async log(level: CallLogLevel, data: unknown): Promise<void> {
    await this.#channel.log?.(level, data)
  }

  /** Asks the user through the client's form. Throws `TypeError` where `canElicit` is false: declare the operation with `elicits: true`. */
  async elicit(request: ElicitRequest): Promise<ElicitAnswer> {
    if (!this.#elicits || this.#channel.elicit === undefined) {
      throw new TypeError('this client cannot be asked, or the operation is not declared with elicits: true')
    }
    return this.#channel.elicit(request)
  }
}
