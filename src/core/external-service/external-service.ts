import type { Requirement } from '../permission/requirement/requirement.js'
import type { NetworkReach } from '../runtime/fetcher.js'
import type { RotationPlan } from './rotation/rotation-plan.js'

/** How a service that uses OAuth 2 is asked for tokens (RFC 6749 §3.2). */
export interface ServiceTokenEndpoint {
  readonly tokenEndpoint: string
  readonly scopes: readonly string[]
  /** Where the client secret goes (RFC 6749 §2.3.1). */
  readonly secretIn: 'header' | 'body'
}

/** How a request shows the service who asks. */
export type ServiceAuth =
  /** The member `api_key`, in a header or a parameter of the query. */
  | {
      readonly type: 'api_key'
      readonly in: 'header' | 'query'
      readonly name: string
      /** What stands before the key, such as `Token `. */
      readonly prefix: string
    }
  /** The member `access_token` (RFC 6750 §2.1). */
  | { readonly type: 'bearer_token' }
  /** The members `username` and `password` (RFC 7617). */
  | { readonly type: 'basic_auth' }
  /** The members `client_id` and `client_secret`, for which the service gives tokens (RFC 6749 §4.4). */
  | ({ readonly type: 'oauth2'; readonly grant: 'client_credentials' } & ServiceTokenEndpoint)
  /** The same members; each user signs in at the service once, and has tokens of their own (RFC 6749 §4.1). */
  | ({
      readonly type: 'oauth2'
      readonly grant: 'authorization_code'
      readonly authorizationEndpoint: string
      /** How the service names itself to browsers that come back (RFC 9207), where that is known. */
      readonly issuer?: string | undefined
      /** Where tokens are taken back (RFC 7009), where there is such a place. */
      readonly revocationEndpoint?: string | undefined
    } & ServiceTokenEndpoint)

/** Where the credential is. `dynamic` and `static`: what a secrets engine makes under this path, for a while. */
export type CredentialSource =
  { readonly from: 'store' } | { readonly from: 'dynamic' | 'static'; readonly path: string }

/** A service of somebody else that operations of a tenant may use, everything decided. */
export interface ExternalService {
  /** UUID; part of nothing that people see. */
  readonly id: string
  /** Unique in its tenant; what operations call it. */
  readonly name: string
  /** Where all its paths begin: origin and base path, without a slash at the end, such as `https://api.github.com`. */
  readonly url: string
  readonly description: string | undefined
  readonly tags: readonly string[]
  readonly auth: ServiceAuth
  readonly source: CredentialSource
  /** Who may use it, besides what an operation demands. */
  readonly requirement: Requirement
  /** How far requests to it may go. */
  readonly reach: NetworkReach
  /** Default: its credential is replaced only when somebody asks for it. */
  readonly rotation?: RotationPlan
  /** The version of the credential that is used; 0: none yet. */
  readonly credentialVersion: number
  /** Another one whenever anything about it has changed; what was made of an earlier one is not used any more. */
  readonly revision: string
}
