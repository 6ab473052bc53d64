import type { Category } from '../permission/grants.js'
import type { NetworkReach } from '../runtime/fetcher.js'
import type { ClaimSource } from './claim-source.js'

/** Signature algorithms (RFC 7518 §3.1, RFC 8037, RFC 9864) that an issuer can be trusted with: none with a shared secret. */
export const signingAlgorithms = [
  ...(['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512'] as const),
  ...(['ES256', 'ES384', 'ES512', 'EdDSA', 'Ed25519'] as const),
] as const

export type SigningAlgorithm = (typeof signingAlgorithms)[number]

/** The `typ` of a token's header, without `application/` and in lower case; `absent` where it has none. */
export type TokenType = 'at+jwt' | 'jwt' | 'absent'

/** An issuer whose tokens are accepted, and exactly how far. Everything is decided: no part has a default of its own any more. */
export interface TrustedIssuer {
  /** Compared with `iss` byte by byte. `{tid}` stands for the directory that the token's `tid` names (Entra ID, shared issuers). */
  readonly issuer: string
  /** Where it comes from, for messages. */
  readonly source: IssuerSource
  readonly preset: string
  /** The application that this trust is for; every application of the installation where it is `undefined`. */
  readonly application: string | undefined
  readonly audience: AudienceRule
  readonly tenant: TenantRule
  readonly token: TokenRule
  readonly claims: ClaimMapping
  readonly keys: KeySource
  /** How tokens that are no JWTs are looked up; they are refused where it is `undefined`. */
  readonly introspection: Introspection | undefined
  /** Our client id at the issuer, for its back-channel logout tokens; they are refused where it is `undefined`. */
  readonly logoutClientId: string | undefined
  /** Whether clients are told of it as an authorization server (RFC 9728 §2). */
  readonly advertised: 'yes' | 'no'
  readonly reach: NetworkReach
}

export type IssuerSource = 'code' | 'environment' | 'database' | 'flags'

/** For whom a token has to be (RFC 8707, RFC 9068 §4). */
export interface AudienceRule {
  /** `aud`, unless the issuer says it elsewhere. */
  readonly claim: ClaimSource
  /** `resource`: the URI of the path that is asked. Otherwise the value for each path, or one for all of them. */
  readonly accepts: 'resource' | string | Readonly<Record<string, string>>
  /** Other audiences that may stand beside ours, such as the issuer's own userinfo endpoint. Any other one refuses the token. */
  readonly besides: readonly string[]
}

/** Which tenant a token is of: the one that the registry has for the value of a claim, or always the same one. */
export type TenantRule =
  | { readonly kind: 'claim'; readonly claim: ClaimSource }
  /** By slug. */
  | { readonly kind: 'fixed'; readonly tenant: string }

/** What every token of the issuer has to be like. */
export interface TokenRule {
  readonly algorithms: readonly SigningAlgorithm[]
  readonly types: readonly TokenType[]
  /** Claims that say what kind of token it is, with the only value that is accepted. */
  readonly required: Readonly<Record<string, string>>
  /** Claims that only other kinds of token have. */
  readonly forbidden: readonly string[]
  /** 60 at most. */
  readonly skewSeconds: number
  /** The longest `exp - iat`: a day at most. */
  readonly maxLifetimeSeconds: number
}

/** Where a token says what. Of several places for one thing the first that is there counts. */
export interface ClaimMapping {
  readonly clientId: readonly ClaimSource[]
  readonly email: readonly ClaimSource[]
  readonly name: readonly ClaimSource[]
  /** The session at the issuer, by which it ends on a back-channel logout. */
  readonly session: readonly ClaimSource[]
  /** What is said in all of these places together. A category that is not here is none of the issuer's: the database alone says it. */
  readonly grants: Readonly<Partial<Record<Category, readonly ClaimSource[]>>>
  /**
   * What becomes of groups that did not fit into the token (Entra ID: `_claim_names`, `hasgroups`). `empty`: the caller has none.
   * `database`: the tenant's database alone says them.
   */
  readonly overage: 'empty' | 'database'
}

/** Where public keys are found: where the issuer's metadata says, or at an address that was configured. */
export type KeySource =
  | {
      readonly kind: 'discovery'
      /** The documents that are tried, in this order. */
      readonly metadataUrls: readonly string[]
      /** Origins besides the issuer's own where its endpoints may be. */
      readonly origins: readonly string[]
    }
  | { readonly kind: 'jwks'; readonly url: string }

/** How the issuer is asked about a token that is no JWT. */
export interface Introspection {
  /** RFC 7662, or Google's `tokeninfo` and `userinfo`. */
  readonly kind: 'rfc7662' | 'google'
  /** `undefined`: where the issuer's metadata says. */
  readonly url: string | undefined
  /** Google's userinfo endpoint, which says the hosted domain. */
  readonly userinfoUrl: string | undefined
  readonly clientId: string
  readonly clientSecret: string
  /** What its tokens start with; needed where several issuers are asked. */
  readonly tokenPrefix: string
}
