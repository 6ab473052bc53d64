import { createFetcher } from '../../adapter/net/create-fetcher.js'
import { readServiceMetadata } from '../../adapter/oauth/service/read-service-metadata.js'
import { isObject } from '../../core/trust/option-reader.js'
import { issuerFault } from '../../core/trust/issuer-url.js'
import { RefusedError } from '../refused-error.js'

type Options = Readonly<Record<string, unknown>>

/**
 * The options of a service with the endpoints that its issuer names, where users sign in there and only the issuer was said. Throws
 * `RefusedError` for one that names none.
 */
export async function withEndpoints(options: Options): Promise<Options> {
  const { auth } = options
  if (!isObject(auth) || auth['grant'] !== 'authorization_code') return options
  const { authorizationEndpoint, issuer, tokenEndpoint } = auth
  if (typeof issuer !== 'string' || authorizationEndpoint !== undefined || tokenEndpoint !== undefined) return options
  const reach = options['network'] === 'private' ? 'private' : 'public'
  const fault = issuerFault(issuer, reach)
  if (fault !== undefined) throw new RefusedError(`--issuer ${fault}`)
  const found = await readServiceMetadata(createFetcher(), issuer, reach)
  if ('fault' in found) throw new RefusedError(`${issuer} ${found.fault}`)
  const { revocationEndpoint, ...others } = found
  return {
    ...options,
    auth: { ...others, ...(revocationEndpoint === undefined ? {} : { revocationEndpoint }), ...auth },
  }
}
