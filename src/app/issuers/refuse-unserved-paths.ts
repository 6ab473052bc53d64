import { ConfigurationError } from '../../core/error/configuration-error.js'
import type { TrustedIssuer } from '../../core/trust/trusted-issuer.js'

/**
 * Throws `ConfigurationError` for an issuer whose tokens are for paths of which none is served: nobody could ever enter with one, and
 * nobody would be told why.
 */
export function refuseUnservedPaths(issuers: readonly TrustedIssuer[], served: readonly string[]): void {
  const failure = ConfigurationError.join(issuers.flatMap((issuer) => faultOf(issuer, served)))
  if (failure !== undefined) throw failure
}

function faultOf({ audience, issuer }: TrustedIssuer, served: readonly string[]): readonly ConfigurationError[] {
  const { accepts } = audience
  if (typeof accepts === 'string' || served.some((path) => Object.hasOwn(accepts, path))) return []
  const message = `audience of the issuer ${issuer} names none of the paths of this server: ${served.join(', ')}`
  return [new ConfigurationError('ERR_CONFIG_ISSUER', message)]
}
