import { AuthSecError } from './auth-sec-error.js'

/** What is out of order, as written in `data.code` of a 503 answer. */
export type Outage =
  'AUTH_UNAVAILABLE' | 'IDP_UNAVAILABLE' | 'OVERLOADED' | 'SECRETS_UNAVAILABLE' | 'SHUTTING_DOWN' | 'TENANT_UNAVAILABLE'

export type UpstreamErrorCode = `ERR_${Outage}`

export interface UpstreamErrorOptions extends ErrorOptions {
  /** Whether it goes by with time, or an administrator has to do something about it first. Default: `time`. */
  readonly mend?: 'administrator' | 'time'
}

/** Something this server depends on is down or slow: the operator has to act, the caller may try again. Answered with 503. */
export class UpstreamError extends AuthSecError<UpstreamErrorCode> {
  readonly outage: Outage
  readonly retryable = true
  /** What it takes until it can work again. */
  readonly mend: 'administrator' | 'time'

  constructor(outage: Outage, message: string, { mend = 'time', ...options }: UpstreamErrorOptions = {}) {
    super(`ERR_${outage}`, message, options)
    this.outage = outage
    this.mend = mend
  }
}
