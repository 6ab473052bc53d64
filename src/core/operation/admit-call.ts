import { RateLimitError } from '../error/rate-limit-error.js'
import type { AccessExplanation } from '../permission/graph/explanation.js'
import type { CallCounter, CountedVisitor } from './call-counter.js'
import type { CallRecord } from './call-record.js'
import type { Operation } from './operation.js'

/** A call that was allowed and has not begun. */
export interface AllowedCall {
  readonly operation: Operation
  readonly request: CountedVisitor
  readonly record: CallRecord
  readonly explanation: AccessExplanation
}

/**
 * Lets an allowed call begin: counted against the limits of its operation, then on record. Only allowed calls count, so that
 * nobody learns of a limit, or uses it up, who may not call. Throws `RateLimitError` for one too many, and `UpstreamError`.
 */
export async function admitCall(call: AllowedCall, counter: CallCounter | undefined): Promise<void> {
  const { explanation, operation, record, request } = call
  const answer = await counter?.take(operation, request)
  if (answer?.admitted === false) {
    const { secondsLeft } = answer
    record.limited()
    throw new RateLimitError(`too many calls of ${operation.name}`, { secondsLeft, ref: record.ref })
  }
  try {
    await record.allowed(operation, explanation)
  } catch (error) {
    // Whoever is told to try again must not run out of calls by it. What cannot be taken back must not hide why.
    await counter?.giveBack(operation, request).catch(() => undefined)
    throw error
  }
}
