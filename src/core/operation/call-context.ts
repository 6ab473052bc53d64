import type { Actor } from '../identity/actor.js'
import type { ServiceAccess } from '../external-service/service-access.js'
import type { UserContext } from '../identity/user-context.js'
import type { LoginSession } from '../sign-in/login-session.js'
import type { CallChannel, CallLogLevel, ElicitAnswer, ElicitRequest } from './call-channel.js'

export interface CallContextFields {
  readonly requestId: string
  readonly operation: string
  readonly user: UserContext | undefined
  readonly clientId: string | undefined
  /** Who acts for the user, where the token says that it is somebody else. */
  readonly actor?: Actor | undefined
  /** Whether the operation is declared with `elicits: true`; a transport may not have prepared for questions otherwise. */
  readonly elicits: boolean
  readonly channel: CallChannel
  /** The session that can be signed in with the five tools, where there is one. */
  readonly login?: LoginSession | undefined
  /** The external services of the operation, where it declares any. */
  readonly services?: ServiceAccess | undefined
  /** Hears why progress or a log message was not sent: that is no reason for the operation to fail. */
  readonly onFault?: ((error: unknown) => void) | undefined
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
  /** Who acts for the user by the token's `act` claim, such as an agent; `undefined` where the token says that nobody does. */
  readonly actor: Actor | undefined
  readonly #channel: CallChannel
  readonly #login: LoginSession | undefined
  readonly #services: ServiceAccess | undefined
  readonly #elicits: boolean
  readonly #onFault: ((error: unknown) => void) | undefined

  constructor(fields: CallContextFields) {
    this.requestId = fields.requestId
    this.operation = fields.operation
    this.user = fields.user
    this.clientId = fields.clientId
    this.actor = fields.actor
    this.#channel = fields.channel
    this.#login = fields.login
    this.#services = fields.services
    this.#elicits = fields.elicits
    this.#onFault = fields.onFault
  }

  /**
   * The session behind a call, for the tools that sign it in. Not a member: what other tools could do with it is none of theirs.
   *
   * @internal
   */
  static loginOf(call: CallContext): LoginSession | undefined {
    return call.#login
  }

  /**
   * The external services behind a call, for whoever injects them. Not a member: who asks for them is checked at the start.
   *
   * @internal
   */
  static servicesOf(call: CallContext): ServiceAccess | undefined {
    return call.#services
  }

  /** Aborted when the client cancels or goes away. Hand it to `fetch` and to queries. */
  get signal(): AbortSignal {
    return this.#channel.signal
  }

  /** Whether the client can be asked with `elicit`. */
  get canElicit(): boolean {
    return this.#elicits && this.#channel.elicit !== undefined
  }

  /**
   * Tells the client how far the work is; does nothing where the client did not ask for it, or where `progress` is not
   * a finite number. Never rejects.
   */
  async progress(progress: number, total?: number, message?: string): Promise<void> {
    if (!Number.isFinite(progress)) return
    await this.#say(() => this.#channel.progress?.(progress, Number.isFinite(total) ? total : undefined, message))
  }

  /**
   * Sends a log message to the client; does nothing where the client takes none, or where `data` has no JSON form.
   * Never rejects. Never log a secret.
   */
  async log(level: CallLogLevel, data: unknown): Promise<void> {
    if (this.#channel.log === undefined) return
    await this.#say(() => this.#channel.log?.(level, jsonForm(data)))
  }

  /** Asks the user through the client's form. Throws `TypeError` where `canElicit` is false: declare the operation with `elicits: true`. */
  async elicit(request: ElicitRequest): Promise<ElicitAnswer> {
    if (!this.#elicits || this.#channel.elicit === undefined) {
      throw new TypeError('this client cannot be asked, or the operation is not declared with elicits: true')
    }
    return this.#channel.elicit(request)
  }

  /** Many a handler does not wait for what it says: a rejection would end the process. */
  async #say(send: () => Promise<void> | undefined): Promise<void> {
    try {
      await send()
    } catch (error) {
      this.#onFault?.(error)
    }
  }
}

function jsonForm(data: unknown): unknown {
  const text: unknown = JSON.stringify(data ?? null)
  if (typeof text !== 'string') throw new TypeError('the data has no JSON form')
  return JSON.parse(text)
}
