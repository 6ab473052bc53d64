import type { Visitor } from '../../../core/operation/access.js'
import type { LoginSession } from '../../../core/sign-in/login-session.js'
import type { Exchange } from '../http/exchange.js'
import { InboundCall } from './inbound-call.js'
import type { Session } from './session.js'

export interface LegacyRequestFields {
  readonly exchange: Exchange
  readonly session?: Session | undefined
  readonly sessionId?: string | undefined
  readonly login?: LoginSession | undefined
}

/** One exchange in the terms of the protocol up to 2025-11-25; travels through the SDK to our handlers. */
export class LegacyRequest extends InboundCall {
  readonly exchange: Exchange
  /** `undefined` in stateless mode and before a session exists. */
  readonly session: Session | undefined
  /** The id of that session, as the client knows it. */
  readonly sessionId: string | undefined
  /** The same session for the tools that sign it in, where it can be. */
  readonly login: LoginSession | undefined

  constructor({ exchange, session, sessionId, login }: LegacyRequestFields) {
    super()
    this.exchange = exchange
    this.session = session
    this.sessionId = sessionId
    this.login = login
  }

  get ref(): string {
    return this.exchange.ref
  }

  get surface(): string {
    return `${this.exchange.endpoint.path} ${this.session?.record.protocolVersion ?? '-'}`
  }

  get visitor(): Visitor {
    const { caller, origin } = this.exchange
    return { caller, login: this.login, origin }
  }

  get network(): string {
    return this.exchange.origin.address
  }

  get resourceMetadata(): string {
    return this.exchange.resourceMetadata
  }

  get signal(): AbortSignal {
    return this.exchange.signal
  }

  get ended(): boolean {
    return this.exchange.stopped || this.exchange.reply.done
  }

  abort(): void {
    this.exchange.abort()
  }

  drained(): Promise<void> {
    return this.exchange.reply.drained()
  }
}
