import type { Fetcher, NetworkReach } from '../../../core/runtime/fetcher.js'
import { metadataUrlsOf } from '../../../core/trust/issuer-url.js'
import { boundedFetch } from '../bounded-fetch.js'
import { reasonOf, refusal } from '../provider-failure.js'
import { fetchThrough, strictFetch } from '../upstream/fetch-through.js'

/** Where an authorization server is asked for what; nothing of it has been looked at but the issuer. */
export interface ServiceMetadata {
  readonly authorizationEndpoint: unknown
  readonly tokenEndpoint: unknown
  readonly revocationEndpoint: unknown
  readonly secretIn: 'header' | 'body'
}

type Answer = Readonly<Record<string, unknown>>

/** What an authorization server says of itself (RFC 8414, OpenID Connect Discovery), or why that is of no use, as the end of a sentence. */
export async function readServiceMetadata(
  fetcher: Fetcher,
  issuer: string,
  reach: NetworkReach,
): Promise<ServiceMetadata | { readonly fault: string }> {
  const fetch = strictFetch(boundedFetch(fetchThrough(fetcher, reach)))
  try {
    for (const url of metadataUrlsOf(issuer)) {
      const headers = { accept: 'application/json' }
      const response = await fetch(url, { method: 'GET', headers, body: null, redirect: 'manual' })
      if (response.status === 200) return metadataIn(issuer, { ...Object(JSON.parse(await response.text())) })
    }
    return { fault: 'says nothing of itself: give --authorization-url and --token-url' }
  } catch (error) {
    return { fault: `cannot be asked: ${reasonOf(error)}` }
  }
}

/** RFC 8414 §3.3: byte by byte. Throws `AuthenticationError`. */
function metadataIn(issuer: string, answer: Answer): ServiceMetadata {
  if (answer['issuer'] !== issuer) throw refusal('what it says is of another issuer')
  const pkce = answer['code_challenge_methods_supported']
  if (Array.isArray(pkce) && !pkce.includes('S256')) throw refusal('it does not offer PKCE with S256')
  const methods = answer['token_endpoint_auth_methods_supported']
  const isBodyOnly = Array.isArray(methods) && !methods.includes('client_secret_basic')
  return {
    authorizationEndpoint: answer['authorization_endpoint'],
    tokenEndpoint: answer['token_endpoint'],
    revocationEndpoint: answer['revocation_endpoint'],
    secretIn: isBodyOnly ? 'body' : 'header',
  }
}
