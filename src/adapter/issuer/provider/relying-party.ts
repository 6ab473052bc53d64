import type { ClientOrigin } from '../../../core/audit/request-origin.js'
import type { ClientMetadata } from 'oidc-provider'
import { ConfigurationError } from '../../../core/error/configuration-error.js'
import type { PublicUrl } from '../http/public-url.js'

/** This server itself as a client: what its own sign-in pages come here with. */
export interface RelyingParty {
  readonly clientId: string
  readonly clientSecret: string
  /** Byte-exact; the one redirect URI that leads back to this server. */
  readonly redirectUri: string
  /**
   * Whether the user of the browser with this cookie has asked for the request with this `state`. It is not
   * asked here again, so whoever has not asked is refused. Throws `UpstreamError`.
   */
  isAwaited(state: string | undefined, visit: ClientOrigin & { readonly browser: string | undefined }): Promise<boolean>
}

/** The cookie that the pages before the request know a browser by: longer than a sign-in and its code live, so that it is known until the end. */
export const loginCookie = { name: 'login', seconds: 20 * 60 } as const

const leastSecret = 32

/**
 * The relying party as it was given. Throws `ConfigurationError` for an id or secret that cannot be sent as one, a short
 * secret, and a redirect URI that is not an address of this server in normal form, without query.
 */
export function checkRelyingParty(party: RelyingParty, url: PublicUrl): RelyingParty {
  const { clientId, clientSecret, redirectUri } = party
  if (!isVisible(clientId) || !isVisible(clientSecret) || clientSecret.length < leastSecret) {
    throw new ConfigurationError(
      'ERR_CONFIG_OPTION',
      `the relying party needs a client id and a secret of at least ${leastSecret} visible ASCII characters`,
    )
  }
  const target = URL.canParse(redirectUri) ? new URL(redirectUri) : undefined
  const own = target?.origin === url.origin && redirectUri === url.origin + target.pathname
  if (!own) {
    throw new ConfigurationError('ERR_CONFIG_URL', 'the redirect URI of the relying party is a path of this server')
  }
  return party
}

/** Its registration. `web`, since that compares the redirect URI with its port, also on loopback. */
export function relyingPartyClient({ clientId, clientSecret, redirectUri }: RelyingParty): ClientMetadata {
  return {
    application_type: 'web',
    client_id: clientId,
    client_secret: clientSecret,
    grant_types: ['authorization_code'],
    redirect_uris: [redirectUri],
    response_types: ['code'],
    token_endpoint_auth_method: 'client_secret_basic',
  }
}

/** Whether this is the relying party, and asks to be answered where it lives: both byte-exact. */
export function isRelyingParty(
  party: RelyingParty | undefined,
  asked: { readonly clientId: unknown; readonly redirectUri: unknown },
): boolean {
  return party !== undefined && asked.clientId === party.clientId && asked.redirectUri === party.redirectUri
}

function isVisible(text: string): boolean {
  return /^[\x21-\x7e]+$/.test(text)
}
