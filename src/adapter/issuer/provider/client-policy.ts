import type { ClientMetadata } from 'oidc-provider'
import { isLoopbackUrl, leadsBackHere, type PublicUrl } from '../http/public-url.js'
import { applyLogoutPolicy, logoutMembers } from './logout-policy.js'
import type { ErrorsOfProvider } from './oidc-adapter.js'
import { isRelyingParty, type RelyingParty } from './relying-party.js'

const keptMembers: ReadonlySet<string> = new Set([
  ...logoutMembers,
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
const maximumNameLength = 60

/** Editors whose scheme is one word. Every other private-use scheme is a reversed domain name (RFC 8252 §7.1). */
const editorSchemes: ReadonlySet<string> = new Set(['cursor:', 'vscode:', 'vscode-insiders:', 'windsurf:'])

/** First labels that systems and browsers give a meaning, also with a dot behind them. */
const dangerousLabels =
  /^(?:about|blob|data|file|filesystem|help|intent|jar|javascript|ms|res|search|shell|smb|vbscript|view|vnd)$/

// Controls, separators, private use, what changes the direction of text, what is not seen, and blanks that are no spaces.
const deceptiveText =
  /[\p{Cc}\p{Cf}\p{Co}\p{Cs}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}\u2800\u{1D159}“”„‟«»]|\p{M}{3}/u

export interface ClientRules {
  readonly errors: ErrorsOfProvider
  readonly url: PublicUrl
  readonly relyingParty: RelyingParty | undefined
}

/**
 * Our policy for client metadata (RFC 7591 §2), applied in place when a client registers and each time it is loaded:
 * members that nobody needs are dropped, `scope` among them since the user decides on it, and the rest is pinned.
 * Throws the provider's `InvalidClientMetadata`.
 */
export function applyClientPolicy(metadata: ClientMetadata, { errors, url, relyingParty }: ClientRules): void {
  for (const member of Object.keys(metadata)) if (!keptMembers.has(member)) delete metadata[member]
  const name: unknown = metadata.client_name
  if (name !== undefined && !isAcceptableName(name)) {
    throw new errors.InvalidClientMetadata('client_name must be plain text of at most 60 characters')
  }
  const uris: unknown = metadata.redirect_uris
  if (!isRedirectUriList(uris)) {
    throw new errors.InvalidClientMetadata(
      'redirect_uris must be 1 to 16 of https, http on a loopback address, or a private-use scheme with a dot',
    )
  }
  const [redirectUri, ...others] = uris
  const isOwn = others.length === 0 && isRelyingParty(relyingParty, { clientId: metadata.client_id, redirectUri })
  if (!isOwn && uris.some((uri) => leadsBackHere(url, uri))) {
    throw new errors.InvalidClientMetadata('redirect_uris must not lead back to the authorization server')
  }
  if (!belongToOneSite(uris)) {
    throw new errors.InvalidClientMetadata('redirect_uris of https must share one host or be below it')
  }
  applyLogoutPolicy(metadata, uris, { errors, url, belongToOneSite, isAcceptable: isAcceptableRedirectUri })
  const grantTypes: unknown = metadata.grant_types ?? undefined
  if (grantTypes !== undefined && !isTextList(grantTypes)) {
    throw new errors.InvalidClientMetadata('grant_types must be a list of strings')
  }
  const wantsRefresh = grantTypes?.includes('refresh_token') !== false
  metadata.application_type = isOwn || uris.every((uri) => uri.startsWith('https:')) ? 'web' : 'native'
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
  if (/^https:\/\/[^/?]/.test(uri)) return /^(?:[a-z0-9._-]+|\[[0-9a-f:.]+\])$/.test(url.hostname)
  if (/^http:\/\/[^/?]/.test(uri)) return isLoopbackUrl(uri)
  return editorSchemes.has(url.protocol) || isPrivateUseScheme(url.protocol)
}

/** RFC 8252 §7.1: a reversed domain name begins with a top-level domain, so with letters, and has a dot. */
function isPrivateUseScheme(protocol: string): boolean {
  const [, first = ''] = /^([a-z]{2,})(?:\.[a-z0-9+-]+)+:$/.exec(protocol) ?? []
  return first !== '' && !dangerousLabels.test(first)
}

/**
 * Whether all https destinations are one host and names below it, on one port. Some editors have a site per release
 * channel; sites of different owners in one registration would lend each other the name that the user trusts.
 */
function belongToOneSite(uris: readonly string[]): boolean {
  const hosts = uris.filter((uri) => uri.startsWith('https:')).map((uri) => new URL(uri).host)
  const shortest = hosts.reduce((best, host) => (host.length < best.length ? host : best), hosts[0] ?? '')
  return hosts.every((host) => host === shortest || (shortest.includes('.') && host.endsWith(`.${shortest}`)))
}

function isRedirectUriList(uris: unknown): uris is readonly string[] {
  if (!Array.isArray(uris) || uris.length === 0 || uris.length > maximumRedirectUris) return false
  return uris.every((uri) => typeof uri === 'string' && isAcceptableRedirectUri(uri))
}

function isTextList(value: unknown): value is readonly string[] {
  return Array.isArray(value) && value.every((item) => typeof item === 'string')
}

function isAcceptableName(name: unknown): boolean {
  return (
    typeof name === 'string' &&
    [...name].length <= maximumNameLength &&
    /[\p{L}\p{N}\p{S}]/u.test(name) &&
    !deceptiveText.test(name)
  )
}
