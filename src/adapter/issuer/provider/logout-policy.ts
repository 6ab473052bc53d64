import type { ClientMetadata } from 'oidc-provider'
import { isLoopbackUrl, leadsBackHere, type PublicUrl } from '../http/public-url.js'
import type { ErrorsOfProvider } from './oidc-adapter.js'

/** What a client may say about the end of a sign-in (OpenID Connect RP-Initiated Logout §3.1, Back-Channel Logout §2.2). */
export const logoutMembers = [
  'backchannel_logout_session_required',
  'backchannel_logout_uri',
  'post_logout_redirect_uris',
] as const

export interface LogoutRules {
  readonly errors: ErrorsOfProvider
  readonly url: PublicUrl
  /** Whether a client may have the user sent there. */
  readonly isAcceptable: (uri: string) => boolean
  /** Whether these belong to one owner. */
  readonly belongToOneSite: (uris: readonly string[]) => boolean
}

const mostUris = 16

/**
 * Holds where a client wants to hear of a logout, and where users then go, against the rules for its redirect URIs. Throws the
 * provider's `InvalidClientMetadata`.
 */
export function applyLogoutPolicy(
  metadata: ClientMetadata,
  redirectUris: readonly string[],
  { errors, url, isAcceptable, belongToOneSite }: LogoutRules,
): void {
  const after: unknown = metadata.post_logout_redirect_uris ?? []
  const notified: unknown = metadata['backchannel_logout_uri'] ?? undefined
  const destinations: readonly unknown[] = Array.isArray(after) ? after : [undefined]
  const told: readonly unknown[] = notified === undefined ? [] : [notified]
  const uris = [...destinations, ...told].filter((uri) => typeof uri === 'string')
  const sound =
    uris.length === destinations.length + told.length &&
    uris.length <= mostUris &&
    uris.every((uri) => isAcceptable(uri) && !leadsBackHere(url, uri)) &&
    told.every((uri) => typeof uri === 'string' && (uri.startsWith('https:') || isLoopbackUrl(uri)))
  if (!sound || !belongToOneSite([...redirectUris, ...uris])) {
    throw new errors.InvalidClientMetadata(
      'backchannel_logout_uri and post_logout_redirect_uris must follow the rules of redirect_uris, on the same site',
    )
  }
}
