import { AuthorizationResponseError } from 'openid-client'
import { AuthenticationError } from '../../core/error/authentication-error.js'
import { UpstreamError } from '../../core/error/upstream-error.js'
import type { Log } from '../../core/runtime/log.js'

// RFC 6749 §5.2, RFC 8707 §2. Other words are the provider's own, and may quote what was sent.
const tokenErrors: ReadonlySet<unknown> = new Set([
  'invalid_client',
  'invalid_grant',
  'invalid_request',
  'invalid_scope',
  'invalid_target',
  'unauthorized_client',
  'unsupported_grant_type',
])

/** The refusal of what a provider said; `message` is ours and quotes nothing of it. */
export function refusal(message: string): AuthenticationError {
  return new AuthenticationError('ERR_LOGIN_PROVIDER', message)
}

/**
 * What is thrown for an error on the way to a provider's answer: an outage as it is, a user's no as such (issuer and state were
 * compared before), everything else as a refusal. Errors of
 * the library hold what was sent and received, so nothing of them is handed on.
 */
export function failureOf(error: unknown): AuthenticationError | UpstreamError {
  if (error instanceof AuthorizationResponseError && error.error === 'access_denied') {
    return new AuthenticationError('ERR_LOGIN_DENIED', 'the user did not allow access')
  }
  const own = ownErrorIn(error)
  return own instanceof UpstreamError ? own : refusal('the answer of the identity provider does not hold')
}

/** `failureOf` a sign-in, once the operator can read why. */
export function recordedFailure(log: Log, error: unknown): AuthenticationError | UpstreamError {
  const failure = failureOf(error)
  if (failure.code === 'ERR_LOGIN_DENIED') log.write('info', 'a user cancelled a sign-in')
  else log.write('warn', 'a sign-in at the identity provider failed', { reason: reasonOf(error) })
  return failure
}

/** The same for what comes before: metadata that do not hold are as good as none, and the operator has to act. */
export function recordedOutage(log: Log, error: unknown): UpstreamError {
  log.write('error', 'the identity provider cannot be used', { reason: reasonOf(error) })
  const failure = failureOf(error)
  if (failure instanceof UpstreamError) return failure
  return new UpstreamError('IDP_UNAVAILABLE', 'the identity provider cannot be used')
}

/** Why, for the operator's log: a message of our own, or a name that the library gives to it. */
export function reasonOf(error: unknown): string {
  const own = ownErrorIn(error)
  if (own !== undefined) return own.cause instanceof Error ? `${own.message}: ${own.cause.message}` : own.message
  if (!(error instanceof Error)) return typeof error
  // Of an answer that is none it is the status that says most.
  if (error.cause instanceof Response && error.cause.status !== 200) return `status ${error.cause.status}`
  const named = 'error' in error && tokenErrors.has(error.error) ? String(error.error) : undefined
  const code = 'code' in error && /^[A-Z_]{1,60}$/.test(String(error.code)) ? String(error.code) : undefined
  return named ?? code ?? error.name
}

/** The library wraps what its `fetch` throws. */
function ownErrorIn(error: unknown): AuthenticationError | UpstreamError | undefined {
  if (error instanceof UpstreamError || error instanceof AuthenticationError) return error
  return error instanceof Error ? ownErrorIn(error.cause) : undefined
}
