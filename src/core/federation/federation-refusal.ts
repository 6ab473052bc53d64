import { AuthenticationError } from '../error/authentication-error.js'
import { UpstreamError } from '../error/upstream-error.js'
import type { FederationFailure } from './federation-failure.js'
import type { FederationFacts } from './federation-records.js'

/** A step that was not taken. */
export class FederationRefusal extends Error {
  override readonly name = 'FederationRefusal'
  readonly reason: FederationFailure
  readonly identity: FederationFacts['identity']

  constructor(reason: FederationFailure, identity?: FederationFacts['identity']) {
    super(reason)
    this.reason = reason
    this.identity = identity
  }
}

/** `undefined` for what is nobody's refusal: a database of ours that does not answer, or a fault. */
export function reasonOf(error: unknown): FederationFailure | undefined {
  if (error instanceof FederationRefusal) return error.reason
  if (error instanceof AuthenticationError) {
    return error.code === 'ERR_LOGIN_DENIED' ? 'ERR_LOGIN_DENIED' : 'ERR_LOGIN_PROVIDER'
  }
  return error instanceof UpstreamError && error.outage === 'IDP_UNAVAILABLE' ? 'ERR_IDP_UNAVAILABLE' : undefined
}
