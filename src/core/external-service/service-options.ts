import type { RequirementJson } from '../permission/requirement/requirement-json.js'
import type { NetworkReach } from '../runtime/fetcher.js'
import type { CredentialSource, ExternalService } from './external-service.js'
import type { RotationPlan } from './rotation/rotation-plan.js'

/** What is decided about a service by whoever puts it there. */
export type ServiceSettings = Omit<ExternalService, 'credentialVersion' | 'id' | 'name' | 'revision'>

/** A service as an administrator writes it. */
export interface ServiceOptions {
  /** Origin, and where all its paths begin, such as `https://api.github.com`. */
  readonly url: string
  readonly auth: ServiceAuthOptions
  /** Who may use it, besides what an operation demands; `{}` for everybody whom an operation lets in. */
  readonly requirement: RequirementJson
  /** Where its credential is. Default: in the store, where `authsec service set-credential` puts it. */
  readonly source?: CredentialSource
  readonly description?: string
  readonly tags?: readonly string[]
  /** `private` where it is in a company's own network or on this computer. Default: `public`. */
  readonly network?: NetworkReach
  /** Default: its credential is replaced only when somebody asks for it. */
  readonly rotation?: RotationPlan
}

/** How its requests say who asks. */
export type ServiceAuthOptions =
  | {
      readonly type: 'api_key'
      /** Default: `header`. */
      readonly in?: 'header' | 'query'
      /** Of the header or parameter. */
      readonly name: string
      /** What stands before the key in a header, such as `Token `. Default: nothing. */
      readonly prefix?: string
    }
  | { readonly type: 'bearer_token' }
  | { readonly type: 'basic_auth' }
  | ({ readonly type: 'oauth2'; readonly grant: 'client_credentials' } & TokenEndpointOptions)
  | ({
      readonly type: 'oauth2'
      readonly grant: 'authorization_code'
      readonly authorizationEndpoint: string
      /** How the service names itself in `iss` (RFC 9207). Default: anything at the origin of one of the two endpoints. */
      readonly issuer?: string | undefined
      /** Where tokens are taken back (RFC 7009). Default: they are only forgotten. */
      readonly revocationEndpoint?: string | undefined
    } & TokenEndpointOptions)

interface TokenEndpointOptions {
  readonly tokenEndpoint: string
  readonly scopes?: readonly string[]
  /** How the client secret is sent. Default: `header`. */
  readonly secretIn?: 'header' | 'body'
}
