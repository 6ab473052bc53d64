import { AuthSecError } from './auth-sec-error.js'

export type RateLimitErrorCode = 'ERR_RATE_LIMITED'

export interface RateLimitErrorOptions extends ErrorOptions {
  /** Whole seconds until the next call may be admitted. */
  readonly secondsLeft: number
  /** What the caller is shown, to ask the operator with. */
  readonly ref: string
}

/** The caller may call this, but has done so too often for now. Answered with 429. */
export class RateLimitError extends AuthSecError<RateLimitErrorCode> {
  readonly secondsLeft: number
  readonly ref: string
  readonly retryable = true

  constructor(message: string, { secondsLeft, ref, ...options }: RateLimitErrorOptions) {
    super('ERR_RATE_LIMITED', message, options)
    this.secondsLeft = secondsLeft
    this.ref = ref
  }
}
