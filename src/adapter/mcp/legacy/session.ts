import type { ElicitRequestFormParams, ElicitResult } from '@modelcontextprotocol/sdk/types.js'
import type { SessionStore, TransportSession } from '../../../core/identity/session-store.js'
import type { CallLogLevel } from '../../../core/operation/call-channel.js'
import type { SignInReference } from '../../../core/sign-in/sign-in-store.js'
import type { Exchange } from '../http/exchange.js'
import type { RequestId } from '../http/json-rpc.js'
import { ClientSession } from './client-session.js'
import { Questions, type Asking, type ClientAnswer } from './questions.js'
import type { SdkPair } from './sdk-pair.js'

export interface SessionParts {
  readonly pair: SdkPair
  readonly sessions: Pick<SessionStore, 'setLogLevel'>
}

/**
 * What this process holds for one transport session while it is used here: the protocol's objects and what is running. Never who
 * it is: that is verified on every request. What must outlive the process is in the `SessionStore`.
 */
export class Session extends ClientSession {
  /** As it was when the last request came. */
  record: TransportSession
  usedAt: number
  /** The open GET stream. */
  stream: Exchange | undefined
  readonly #parts: SessionParts
  #questions: Questions | undefined
  #running: Map<RequestId, Exchange> | undefined

  constructor(record: TransportSession, parts: SessionParts, usedAt: number) {
    super(parts.pair.server)
    this.record = record
    this.usedAt = usedAt
    this.#parts = parts
  }

  get pair(): SdkPair {
    return this.#parts.pair
  }

  override get logLevel(): CallLogLevel | undefined {
    return this.record.logLevel
  }

  override async setLogLevel(level: CallLogLevel): Promise<void> {
    await this.#parts.sessions.setLogLevel(this.record.digest, level)
    this.record = { ...this.record, logLevel: level }
  }

  override ask(form: ElicitRequestFormParams, asking: Asking): Promise<ElicitResult> {
    this.#questions ??= new Questions()
    return this.#questions.ask(this.pair, form, asking)
  }

  /** Hands what the client said to whoever asked here; `false` where nobody did. */
  answer(question: string, answer: ClientAnswer): boolean {
    return this.#questions?.answer(question, answer) === true
  }

  /** The sign-in that the client's list depends on. */
  get signIn(): SignInReference | undefined {
    return this.record.signIn
  }

  /** Whether something is open or running, so that the session is not idle. */
  get busy(): boolean {
    return this.stream !== undefined || (this.#running !== undefined && this.#running.size > 0)
  }

  protected override get listens(): boolean {
    return this.stream !== undefined
  }

  running(id: RequestId): Exchange | undefined {
    return this.#running?.get(id)
  }

  begin(id: RequestId, exchange: Exchange): void {
    this.#running ??= new Map()
    this.#running.set(id, exchange)
  }

  finish(id: RequestId, exchange: Exchange): void {
    if (this.#running?.get(id) === exchange) this.#running.delete(id)
  }

  async close(): Promise<void> {
    for (const exchange of [...(this.#running?.values() ?? [])]) exchange.stop('session-ended')
    this.stream?.stop('session-ended')
    await this.pair.server.close()
  }
}
