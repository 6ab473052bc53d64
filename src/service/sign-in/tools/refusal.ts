import { errorResult, type OperationResult } from '../../../core/operation/content.js'

/** Why a tool did not do what it was asked, as one word for programs. */
type RefusalWord =
  | 'expired_code'
  | 'invalid_code'
  | 'invalid_token'
  | 'not_accepted'
  | 'not_found'
  | 'rate_limited'
  | 'too_many_attempts'

export interface Refusal {
  readonly error: RefusalWord
  /** One sentence that tells the model what to do now. */
  readonly next_step: string
  /** Seconds until it is worth trying again, where waiting helps. */
  readonly retry_after?: number
}

/** The refusal as an error result, its JSON as text. */
export function refusalResult({ error, retry_after, next_step }: Refusal): OperationResult {
  const waiting = retry_after === undefined ? {} : { retry_after }
  return errorResult(JSON.stringify({ error, ...waiting, next_step }))
}
