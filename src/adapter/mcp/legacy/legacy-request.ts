import type { Exchange } from '../http/exchange.js'
import type { RpcError } from '../http/json-rpc.js'
import type { Session } from './session.js'

export interface LegacyRequestFields {
  readonly exchange: Exchange
  readonly session?: Session | undefined
  readonly sessionId?: string | undefined
}

/** One exchange in the terms of the protocol up to 2025-11-25; travels through the SDK to our handlers. */
export class LegacyRequest {
  readonly exchange: Exchange
  /** `undefined` in stateless mode and before a session exists. */
  readonly session: Session | undefined
  /** The id of that session, as the client knows it. */
  readonly sessionId: string | undefined
  /** Set by a handler whose fault has an HTTP status of its own. */
  fault: RpcError | undefined

  constructor({ exchange, session, sessionId }: LegacyRequestFields) {
    this.exchange = exchange
    this.session = session
    this.sessionId = sessionId
  }
}
