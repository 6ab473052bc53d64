import type { Tenant } from '../identity/tenant.js'
import type { AuthorizationSecrets } from './login-transaction.js'
import type { NewIdentity } from './sign-in-store.js'
import type { UpstreamGrant } from './upstream-grant.js'
import type { DueRefresh } from './upstream-tokens.js'

/** Who the provider says signed in, verified, with what the provider vouches for. */
export interface ProviderIdentity {
  readonly issuer: string
  readonly subject: string
  /** The OAuth client that the provider issued it to. */
  readonly clientId: string
  readonly tenantClaim: string
  /** The ceiling for scopes: what was granted, never what was asked for. */
  readonly scopes: readonly string[]
  /** Digest of the authorization grant, where the provider has one. */
  readonly grantDigest: string | undefined
  /** Seconds since the epoch at which it must end, whatever else allows; `undefined` where the provider sets no end. */
  readonly expiresAt: number | undefined
  /** What the provider can be asked again with, where it gave anything for that. */
  readonly upstream?: UpstreamGrant | undefined
}

/** What a sign-in of this identity keeps: of what the account holds, scopes are capped by what was granted. */
export function signInIdentityOf(identity: ProviderIdentity, tenant: Tenant): NewIdentity {
  const { issuer, subject, clientId, scopes, grantDigest, expiresAt: endsAt, upstream } = identity
  return { issuer, subject, tenant, clientId, asserted: { scopes }, grantDigest, endsAt, upstream }
}

export interface AuthorizationStart {
  readonly secrets: AuthorizationSecrets
  /** Lets the user choose another account than the one the browser is signed in with. */
  readonly otherAccount: boolean
}

/** Where users prove who they are: the relying party's side of an OAuth 2 or OpenID Connect provider. */
export interface IdentityProvider {
  /** Where the browser is sent. Throws `UpstreamError` (`IDP_UNAVAILABLE`) when the provider cannot be asked. */
  authorizationUrl(start: AuthorizationStart): Promise<URL>
  /**
   * Exchanges the parameters of the callback, once, for an identity. Throws `AuthenticationError` (`ERR_LOGIN_DENIED` when the
   * user said no there, `ERR_LOGIN_PROVIDER` when the answer does not hold), `UpstreamError` (`IDP_UNAVAILABLE`) when the provider does not answer.
   */
  exchange(parameters: URLSearchParams, secrets: AuthorizationSecrets): Promise<ProviderIdentity>
  /** The identity in a pasted ID token that was issued to us for this nonce. Throws like `exchange`. */
  verifyIdToken(token: string, nonce: string): Promise<ProviderIdentity>
}

/** What a provider says of a sign-in when it is asked again: here are new tokens, it is over, or it is somebody else's. */
export type RefreshAnswer =
  | { readonly outcome: 'refreshed'; readonly grant: UpstreamGrant }
  | { readonly outcome: 'revoked_upstream' | 'changed_upstream' }

/** A provider that can be asked again about those who signed in there. */
export interface RefreshingProvider extends IdentityProvider {
  readonly issuer: string
  /** This server, as the provider knows it. */
  readonly clientId: string
  /**
   * Uses a refresh token up, and compares who the new ones are of. Throws `UpstreamError` where it cannot be told what became of the
   * sign-in: only then may it be tried again.
   */
  refresh(due: Pick<DueRefresh, 'refreshToken' | 'subject'>): Promise<RefreshAnswer>
}
