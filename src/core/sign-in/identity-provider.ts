import type { Tenant } from '../identity/tenant.js'
import type { AuthorizationSecrets } from './login-transaction.js'
import type { SignInIdentity } from './sign-in-store.js'

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
}

/** What a sign-in of this identity keeps: of what the account holds, scopes are capped by what was granted. */
export function signInIdentityOf(identity: ProviderIdentity, tenant: Tenant): SignInIdentity {
  const { issuer, subject, clientId, scopes, grantDigest, expiresAt: endsAt } = identity
  return { issuer, subject, tenant, clientId, asserted: { scopes }, grantDigest, endsAt }
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
