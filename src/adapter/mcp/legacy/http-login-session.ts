import type { ClientOrigin } from '../../../core/audit/request-origin.js'
import type { Caller } from '../../../core/identity/caller.js'
import type { SessionStore, TransportSession } from '../../../core/identity/session-store.js'
import type { LoginSession } from '../../../core/sign-in/login-session.js'
import type { LoginRequester } from '../../../core/sign-in/login-transaction.js'
import type { SignInReference } from '../../../core/sign-in/sign-in-store.js'

export interface HttpLoginSessionParts {
  readonly caller: Caller | undefined
  /** Where the request comes from, where there is one. */
  readonly origin: ClientOrigin | undefined
  readonly session: TransportSession
  readonly sessions: SessionStore
  /** Hears of the sign-in that the session is bound to from now on. */
  readonly onBound: (signIn: SignInReference | undefined) => Promise<void>
}

/** A transport session over HTTP, for the tools that sign it in. */
export class HttpLoginSession implements LoginSession {
  readonly key: string
  readonly requester: LoginRequester
  readonly origin: ClientOrigin | undefined
  readonly #parts: HttpLoginSessionParts
  #signIn: SignInReference | undefined

  constructor(parts: HttpLoginSessionParts) {
    const { origin, session } = parts
    this.#parts = parts
    this.origin = origin
    this.#signIn = session.signIn
    this.key = session.digest
    this.requester = {
      clientName: session.client.name,
      clientVersion: session.client.version,
      address: origin?.address,
      transport: 'http',
    }
  }

  get signIn(): SignInReference | undefined {
    return this.#signIn
  }

  get caller(): Caller | undefined {
    return this.#parts.caller
  }

  /** The client keeps the id of its session; the sign-in's own is of no use to it. */
  async bind(signIn: SignInReference | undefined): Promise<boolean> {
    const { onBound, sessions } = this.#parts
    const bound = await sessions.bind(this.key, signIn)
    if (!bound) return false
    this.#signIn = signIn
    await onBound(signIn)
    return true
  }
}
