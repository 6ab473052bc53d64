import type { NetworkReach } from '../runtime/fetcher.js'
import type { ClaimSource } from './claim-source.js'
import type { SigningAlgorithm, TokenType } from './trusted-issuer.js'

/** Providers whose tokens we know: where they say what, how they sign, and what sets an access token apart. */
export const presetNames = ['keycloak', 'auth0', 'entra', 'okta', 'cognito', 'google', 'generic'] as const

export type PresetName = (typeof presetNames)[number]

/** Where something is said: one place, or several. `null`: the issuer does not say it, whatever the preset expects. */
export type ClaimSources = ClaimSource | readonly ClaimSource[] | null

/** An issuer to trust, as it is written in code, in `AUTHSEC_ISSUERS` as JSON, and stored by `authsec issuer add`. */
export interface IssuerOptions {
  /** `iss` of its tokens, byte for byte. */
  readonly issuer: string
  /** Default: `generic`. */
  readonly preset?: PresetName
  /**
   * For whom its tokens have to be. `resource`: for the URL of the path that is called (RFC 8707). Otherwise the value that the issuer
   * puts there for this server, or one per path.
   */
  readonly audience: string | Readonly<Record<string, string>>
  /** Other audiences that may stand beside ours. */
  readonly otherAudiences?: readonly string[]
  /** The claim by which the registry knows the tenant (`authsec tenant claim add`), or the one tenant that all its tokens are of. */
  readonly tenant: { readonly claim: ClaimSource } | { readonly slug: string }
  readonly claims?: Readonly<
    Partial<
      Record<
        'clientId' | 'email' | 'name' | 'session' | 'roles' | 'groups' | 'scopes' | 'resources' | 'permissions',
        ClaimSources
      >
    >
  >
  readonly algorithms?: readonly SigningAlgorithm[]
  /** Accepted values of the header's `typ`. */
  readonly types?: readonly TokenType[]
  /** 60 at most, which is the default. */
  readonly skewSeconds?: number
  /** A day at most, which is the default. */
  readonly maxLifetimeSeconds?: number
  /** Where its keys are, if not where its metadata says. */
  readonly jwksUrl?: string
  /** Where its metadata is, if not at a well-known place. */
  readonly metadataUrl?: string
  /** Origins besides the issuer's own where its endpoints may be. */
  readonly origins?: readonly string[]
  /** Our client at the issuer, for tokens that are no JWTs (RFC 7662). */
  readonly introspection?: {
    readonly url?: string
    readonly clientId: string
    readonly clientSecret: string
    /** What such tokens start with; needed where several issuers are asked. */
    readonly tokenPrefix?: string
  }
  /** Our client id at the issuer: it may end sessions by back-channel logout. */
  readonly logoutClientId?: string
  /** What becomes of groups that did not fit into a token (Entra ID); none are held unless `database` is said. */
  readonly groupOverage?: 'empty' | 'database'
  /** Whether clients are sent there to sign in; they are unless told. */
  readonly advertised?: boolean
  /** `private` where the issuer is in a company's own network or on this computer. Default: `public`. */
  readonly network?: NetworkReach
}

/** An issuer as the database has it: there, trust can be for one application of the installation. */
export interface StoredIssuerOptions extends IssuerOptions {
  /** Client id; every application where it is left out. */
  readonly application?: string
}
