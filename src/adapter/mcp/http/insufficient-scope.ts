import type { StepUp } from '../../../core/operation/step-up.js'
import { challengeOf } from './challenge.js'
import { RpcError, serverError } from './json-rpc.js'

const error = { code: 'insufficient_scope', description: 'The access token lacks scopes that this operation needs' }

export interface ScopeChallenge extends Pick<StepUp, 'scopes'> {
  readonly resourceMetadata: string
  /** Names the refusal in the audit trail. */
  readonly ref: string
}

/**
 * The answer to a call whose token lacks scopes: 403 with one challenge that names all of them (RFC 6750 §3.1, Model Context
 * Protocol `basic/authorization`, Scope Challenge Handling).
 */
export function insufficientScope({ ref, resourceMetadata, scopes }: ScopeChallenge): RpcError {
  const data = { code: 'INSUFFICIENT_SCOPE', retryable: false, ref }
  const fault = { code: serverError, message: error.description, data }
  return new RpcError(fault, 403, ['WWW-Authenticate', challengeOf({ resourceMetadata, scopes, error })])
}
