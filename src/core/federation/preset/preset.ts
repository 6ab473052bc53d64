import type { UpstreamEndpoints, UpstreamUserMembers } from '../upstream-provider.js'

/** Parameters of an authorization request. */
export type RequestParameters = Readonly<Record<string, string>>

/** What is known of a kind of provider. */
export interface UpstreamPreset {
  /** What its button says; `undefined`: the host of its issuer. */
  readonly name: string | undefined
  /** Where it has one for everybody. */
  readonly issuer: string | undefined
  /** Whether an administrator writes the issuer: has to, may, or cannot. */
  readonly ownIssuer: 'needed' | 'possible' | 'fixed'
  /** What is wrong with an issuer, as the end of a sentence. */
  readonly issuerFault: (issuer: string) => string | undefined
  readonly secret: 'needed' | 'optional'
  readonly scopes: readonly string[]
  /** What says who signed in: an ID token (OpenID Connect), or the answer of its userinfo endpoint alone (OAuth 2). */
  readonly identity: 'ID token' | 'userinfo'
  /** For those without discovery. `undefined`: discovered, or written by an administrator. */
  readonly endpoints: ((issuer: string) => UpstreamEndpoints) | undefined
  readonly members: UpstreamUserMembers | undefined
  readonly pkce: 'advertised' | 'assumed'
  /** Origins besides the issuer's own where its endpoints are. */
  readonly origins: readonly string[]
  /** Whether userinfo may be asked for what an ID token does not say. */
  readonly userinfo: 'asked' | 'not asked'
  /** Claims of which one has to be true for an address to be a verified one. */
  readonly emailVerified: readonly string[]
  /**
   * Of which addresses it says today whose they are: of all; of none, since it had them confirmed once and people keep them when they
   * leave; or of those in its own domains and in the one that a claim of the ID token names.
   */
  readonly answersFor: 'all' | 'none' | { readonly domains: readonly string[]; readonly claim: string }
  /** What lets a user take another account than the one that the browser is signed in with. */
  readonly otherAccount: RequestParameters
  /** Whether it can be asked to have its user prove anew who they are, and says when they did (OpenID Connect Core §3.1.2.1). */
  readonly freshSignIn: 'possible' | 'not possible'
  /** What asks for a token that renews others, where a scope alone does not; the scope `offline_access` is not sent if `replaces` says so. */
  readonly offline: { readonly parameters: RequestParameters; readonly scope: 'sent' | 'not sent' }
}

/** What holds for OpenID Connect as it is written. */
export const openidConnect = {
  ownIssuer: 'needed',
  issuer: undefined,
  issuerFault: () => undefined,
  secret: 'optional',
  scopes: ['openid', 'email', 'profile'],
  identity: 'ID token',
  endpoints: undefined,
  members: undefined,
  pkce: 'advertised',
  origins: [],
  userinfo: 'asked',
  emailVerified: ['email_verified'],
  answersFor: 'all',
  otherAccount: { prompt: 'login' },
  freshSignIn: 'possible',
  // OpenID Connect Core §11: without consent that is asked for, the scope may be passed over.
  offline: { parameters: { prompt: 'consent' }, scope: 'sent' },
} satisfies Omit<UpstreamPreset, 'name'>
