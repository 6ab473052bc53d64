import { randomUUID } from 'node:crypto'
import type { Visitor } from '../../../core/operation/access.js'
import { InboundCall } from '../legacy/inbound-call.js'
import type { StdioSession } from './stdio-session.js'

/** One request of the client while it is answered. */
export class StdioCall extends InboundCall {
  readonly ref = randomUUID()
  readonly session: StdioSession
  /** One client by one version. */
  readonly surface = 'stdio'
  readonly network = undefined
  readonly resourceMetadata = undefined
  /** Nobody, without a session to sign in, until it is known who asks. */
  visitor: Visitor = { caller: undefined }
  readonly #abort = new AbortController()
  #ended = false

  constructor(session: StdioSession) {
    super()
    this.session = session
  }

  get signal(): AbortSignal {
    return this.#abort.signal
  }

  get ended(): boolean {
    return this.#ended
  }

  /** Nothing more is said for this call. */
  end(): void {
    this.#ended = true
  }

  abort(): void {
    this.#abort.abort()
  }

  /** Each message waits until it is written. */
  drained(): Promise<void> {
    return Promise.resolve()
  }
}
