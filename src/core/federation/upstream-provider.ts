import type { AuthorizationSecrets } from '../sign-in/login-transaction.js'
import type { ClaimSource } from '../trust/claim-source.js'

/** What is known beforehand about a provider; `oidc` and `oauth2` are everybody else's. */
export type UpstreamKind = 'google' | 'github' | 'keycloak' | 'entra' | 'oidc' | 'oauth2'

/** Where a provider without discovery is asked (RFC 6749 §3), and where it says who somebody is. */
export interface UpstreamEndpoints {
  readonly authorization: string
  readonly token: string
  readonly userinfo: string
}

/** Where the answer of a userinfo endpoint says who it is. */
export interface UpstreamUserMembers {
  /** Never changes and is never given to anybody else; a number counts as its digits. */
  readonly subject: ClaimSource
  readonly email: ClaimSource | undefined
  /** `undefined`: its addresses are not taken for verified. */
  readonly emailVerified: ClaimSource | undefined
  readonly name: ClaimSource | undefined
}

/** A provider that users of a tenant sign in with, everything decided. */
export interface UpstreamSettings {
  /** UUID; part of nothing that people see. */
  readonly id: string
  readonly kind: UpstreamKind
  /** What the button on the sign-in page says. */
  readonly name: string
  /** Compared byte by byte; for a provider without one, the origin and path that stand for it, such as `https://idp.example/oauth`. */
  readonly issuer: string
  readonly clientId: string
  /** `undefined` for a public client. */
  readonly clientSecret: string | undefined
  readonly scopes: readonly string[]
  /** For providers that have no discovery document; `undefined`: OpenID Connect Discovery. */
  readonly endpoints: UpstreamEndpoints | undefined
  /** For those without ID tokens. */
  readonly members: UpstreamUserMembers | undefined
  /** Where endpoints that discovery names may be, besides the issuer's own origin and those that are known of its kind. */
  readonly origins?: readonly string[] | undefined
  /** Where the client secret goes for a provider that does not say so; `undefined`: into the body. */
  readonly secretIn?: 'header' | 'body' | undefined
  /** Where the provider does not say that it has PKCE with S256: it has been looked up, and is used all the same. */
  readonly pkce: 'advertised' | 'assumed'
  /** How far requests to it may go. */
  readonly reach: 'public' | 'private'
}

/** What a provider handed out for its own interfaces. Nobody's to read: stored sealed, never given to a client. */
export interface UpstreamTokens {
  readonly accessToken: string
  readonly refreshToken: string | undefined
  /** Seconds since the epoch; `undefined` where the provider does not say. */
  readonly expiresAt: number | undefined
  readonly scopes: readonly string[]
}

/** Who the provider says signed in. Only issuer and subject together say who that is (OpenID Connect Core §5.7). */
export interface UpstreamIdentity {
  readonly issuer: string
  readonly subject: string
  /** Only an address that the provider has verified. */
  readonly email: string | undefined
  /** Whether the provider answers for it today, or had it confirmed at some time: people keep such an address when they leave. */
  readonly emailIs: 'theirs now' | 'once confirmed'
  readonly name: string | undefined
  /** When they proved who they are, in seconds since the epoch; `undefined` where the provider does not say. */
  readonly authenticatedAt: number | undefined
  readonly tokens: UpstreamTokens
}

export interface UpstreamStart {
  readonly secrets: AuthorizationSecrets
  readonly loginHint?: string | undefined
  /** Lets the user choose another account than the one the browser is signed in with there. */
  readonly otherAccount: boolean
  /** How many seconds ago they may have proved there who they are; 0: they do it now. Any time unless told. */
  readonly mostSeconds?: number | undefined
}

/** Why tokens are renewed no more: it is over there, or the new ones are somebody else's. */
export type UpstreamEnd = 'revoked_upstream' | 'changed_upstream'

/** What a provider says when it is asked for new tokens. */
export type UpstreamRenewal =
  { readonly outcome: 'refreshed'; readonly tokens: UpstreamTokens } | { readonly outcome: UpstreamEnd }

/** The relying party's side of one provider. */
export interface UpstreamProvider {
  /** Where the browser is sent. Throws `UpstreamError` (`IDP_UNAVAILABLE`) when the provider cannot be asked, or its metadata does not hold. */
  authorizationUrl(start: UpstreamStart): Promise<URL>
  /**
   * Exchanges the parameters of the callback, once, for an identity. Throws `AuthenticationError` (`ERR_LOGIN_DENIED` when the
   * user said no there, `ERR_LOGIN_PROVIDER` when the answer does not hold), `UpstreamError` (`IDP_UNAVAILABLE`) when the provider does not answer.
   */
  exchange(parameters: URLSearchParams, secrets: AuthorizationSecrets): Promise<UpstreamIdentity>
  /** Throws `UpstreamError` where it cannot be told what became of the tokens. */
  renew(tokens: UpstreamTokens, subject: string): Promise<UpstreamRenewal>
  /** What stands in the way of signing in there, found without a user: one sentence each; none when all is well. */
  check(): Promise<readonly string[]>
}

/**
 * Opens a provider; nothing is asked of it yet. `redirectUri` has to be this provider's alone, and nothing else may be taken there for
 * its answer: where a provider names no issuer in its answers, that is all that tells them from another's (RFC 9700 §4.4.2). Throws
 * `ConfigurationError` for settings that cannot work.
 */
export type OpenUpstream = (settings: UpstreamSettings, redirectUri: string) => UpstreamProvider
