import { randomUUID } from 'node:crypto'
import type { SessionFeed, SessionNotice } from '../../../core/runtime/session-feed.js'
import { refusal } from '../http/answer.js'
import type { Exchange } from '../http/exchange.js'
import { isObject, type RequestId } from '../http/json-rpc.js'
import { outageFault, retryAfter } from '../http/outage.js'
import type { RecognizedAnswer } from './recognize.js'
import type { SessionTable } from './session-table.js'
import type { Session } from './session.js'

const accepted = { status: 202, headers: [], body: undefined }

/** Carries what a client says about a running call to the replica that runs it, which need not be the one that is told. */
export class SessionRelay {
  readonly #table: Pick<SessionTable, 'peek'>
  readonly #notices: Pick<SessionFeed, 'alive' | 'publish'>

  constructor(table: Pick<SessionTable, 'peek'>, notices: Pick<SessionFeed, 'alive' | 'publish'>) {
    this.#table = table
    this.#notices = notices
  }

  /** What was told to another replica. */
  hear(notice: SessionNotice): void {
    if (notice.about === 'cancelled') {
      this.#table.peek(notice.digest)?.running(notice.request)?.stop('cancelled')
    } else if (notice.about === 'answer' && isObject(notice.answer)) {
      this.#table.peek(notice.digest)?.answer(notice.question, notice.answer)
    }
  }

  /** Ends a call, here or wherever it runs. */
  async cancel(session: Session, request: RequestId): Promise<void> {
    const running = session.running(request)
    if (running !== undefined) running.stop('cancelled')
    else await this.#notices.publish({ about: 'cancelled', digest: session.record.digest, request })
  }

  /** Hands an answer to the call that asked; the client is told where that may not be in reach, so that it can say it again. */
  async answer({ reply }: Exchange, session: Session, { answer, question }: RecognizedAnswer): Promise<void> {
    const { digest } = session.record
    const taken = session.answer(question, answer) || (await this.#pass({ about: 'answer', digest, question, answer }))
    if (taken) reply.send(accepted)
    else reply.send(refusal(503, outageFault('AUTH_UNAVAILABLE', randomUUID()), retryAfter))
  }

  /** What does not arrive here may not leave from here either, as where a pooler stands in between. */
  async #pass(notice: SessionNotice): Promise<boolean> {
    return this.#notices.alive && (await this.#notices.publish(notice))
  }
}
