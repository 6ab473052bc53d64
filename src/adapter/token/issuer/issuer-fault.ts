import { ConfigurationError } from '../../../core/error/configuration-error.js'
import { UpstreamError } from '../../../core/error/upstream-error.js'
import { FetchError } from '../../../core/runtime/fetcher.js'

/** What is wrong with an issuer that was reached: somebody has to change its configuration, here or there. */
export function issuerFault(issuer: string, problem: string, cause?: unknown): ConfigurationError {
  return new ConfigurationError('ERR_CONFIG_ISSUER', `the issuer ${issuer} cannot be trusted: ${problem}`, { cause })
}

/** The issuer is not there at the moment; that says nothing against it. */
export function issuerOutage(issuer: string, cause: unknown): UpstreamError {
  const reason = cause instanceof FetchError ? `: ${cause.message}` : ''
  return new UpstreamError('IDP_UNAVAILABLE', `the issuer ${issuer} does not answer${reason}`, { cause })
}

/** The same for one that says so itself. */
export function statusOutage(issuer: string, url: string, status: number): UpstreamError {
  return issuerOutage(issuer, new FetchError('unreachable', `${new URL(url).host}: status ${status}`))
}

/** What a request that got no answer means for an issuer. */
export function failureOf(issuer: string, error: unknown): ConfigurationError | UpstreamError {
  if (error instanceof FetchError && ['address', 'redirect', 'too-large', 'url'].includes(error.failure)) {
    return issuerFault(issuer, error.message, error)
  }
  return error instanceof ConfigurationError || error instanceof UpstreamError ? error : issuerOutage(issuer, error)
}
