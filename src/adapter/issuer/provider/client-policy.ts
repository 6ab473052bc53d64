import type { ClientMetadata } from 'oidc-provider'
import type { ErrorsOfProvider } from './oidc-adapter.js'

const keptMembers: ReadonlySet<string> = new Set([
  'application_type',
  'client_id',
  'client_id_issued_at',
  'client_name',
  'client_secret',
  'client_secret_expires_at',
  'grant_types',
  'id_token_signed_response_alg',
  'redirect_uris',
  'response_types',
  'subject_type',
  'token_endpoint_auth_method',
])

const maximumRedirectUris = 16
const maximumUriLength = 2048
const maximumNameLength = 128
const loopbackHosts: ReadonlySet<string> = new Set(['127.0.0.1', '[::1]', 'localhost'])

// Controls, line and paragraph separators, and what changes the direction or the visibility of text.
const deceptiveText = /[\p{Cc}\p{Cf}\p{Co}\p{Cs}\u2028\u2029]/u

/**
 * Our policy for client metadata (RFC 7591 §2), applied in place when a client registers and each time it is loaded:
 * members that nobody needs are dropped, `scope` among them since the user decides on it, and the rest is pinned.
 * Throws the provider's `InvalidClientMetadata`.
 */
export function applyClientPolicy(metadata: ClientMetadata, errors: ErrorsOfProvider): void {
  for (const member of Object.keys(metadata)) if (!keptMembers.has(member)) delete metadata[member]
  const name: unknown = metadata.client_name
  if (name !== undefined && !isAcceptableName(name)) {
    throw new errors.InvalidClientMetadata('client_name must be plain text of at most 128 characters')
  }
  const uris: unknown = metadata.redirect_uris
  if (!isRedirectUriList(uris)) {
    throw new errors.InvalidClientMetadata(
      'redirect_uris must be 1 to 16 of https, http on a loopback address, or a private-use scheme with a dot',
    )
  }
  const wantsRefresh = metadata.grant_types?.includes('refresh_token') !== false
  metadata.application_type = uris.every((uri) => uri.startsWith('https:')) ? 'web' : 'native'
  metadata.grant_types = ['authorization_code', ...(wantsRefresh ? ['refresh_token'] : [])]
  metadata.response_types = ['code']
  metadata.id_token_signed_response_alg = 'ES256'
  metadata.subject_type = 'public'
}

/** Whether a client may have answers sent there (RFC 8252 §7, OAuth 2.1 §2.3.1): no other http, no scripts, no fragment. */
export function isAcceptableRedirectUri(uri: string): boolean {
  if (uri.length > maximumUriLength || !/^[\x21-\x7e]+$/.test(uri) || /[#\\"<>^`{|}]/.test(uri)) return false
  const url = URL.canParse(uri) ? new URL(uri) : undefined
  if (url === undefined || url.username !== '' || url.password !== '') return false
  if (/^https:\/\/[^/?]/.test(uri)) return true
  if (/^http:\/\/[^/?]/.test(uri)) return loopbackHosts.has(url.hostname)
  return isPrivateUseScheme(url.protocol)
}

/** RFC 8252 §7.1: the scheme is a reversed domain name, so it has a dot, which `javascript:` and its like have not. */
function isPrivateUseScheme(protocol: string): boolean {
  return /^[a-z][a-z0-9+-]*(\.[a-z0-9+-]+)+:$/.test(protocol)
}

function isRedirectUriList(uris: unknown): uris is readonly string[] {
  if (!Array.isArray(uris) || uris.length === 0 || uris.length > maximumRedirectUris) return false
  return uris.every((uri) => typeof uri === 'string' && isAcceptableRedirectUri(uri))
}

function isAcceptableName(name: unknown): boolean {
  return typeof name === 'string' && name.length <= maximumNameLength && name.trim() !== '' && !deceptiveText.test(name)
}
