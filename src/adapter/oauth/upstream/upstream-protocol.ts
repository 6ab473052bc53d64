import type {
  AuthorizationCodeGrantChecks,
  Configuration,
  CustomFetch,
  TokenEndpointResponse,
  TokenEndpointResponseHelpers,
} from 'openid-client'
import type { UpstreamIdentity, UpstreamSettings, UpstreamStart } from '../../../core/federation/upstream-provider.js'
import type { Clock } from '../../../core/runtime/clock.js'
import type { AuthorizationSecrets } from '../../../core/sign-in/login-transaction.js'

/** What a token endpoint answered, as far as the library looked at it. */
export type TokenAnswer = TokenEndpointResponse & TokenEndpointResponseHelpers

/** A code, and what it was good for. */
export interface RedeemedCode {
  readonly code: string
  readonly answer: TokenAnswer
}

/** Who it is, apart from the provider that says so. */
export type UpstreamUser = Pick<UpstreamIdentity, 'subject' | 'email' | 'emailIs' | 'name' | 'authenticatedAt'>

/** What a way of saying who signed in is made of. */
export interface ProtocolParts {
  readonly settings: UpstreamSettings
  readonly fetch: CustomFetch
  readonly clock: Clock
}

/** How a provider says who signed in: by an ID token, or when it is asked with the access token. */
export interface UpstreamProtocol {
  /** The provider as it can be asked now. Throws like `OidcDiscovery`. */
  open(): Promise<Configuration>
  /** Parameters of the authorization request that only this way has. */
  request(start: UpstreamStart): Readonly<Record<string, string>>
  /** What has to come back for it. */
  checks(secrets: AuthorizationSecrets): AuthorizationCodeGrantChecks
  /** Who the answer to a code is about. Throws `AuthenticationError`, `UpstreamError` or what the library throws. */
  identify(provider: Configuration, redeemed: RedeemedCode): Promise<UpstreamUser>
  /** What could be in the way of renewing; after that the old refresh token is used up. Throws likewise. */
  prepareRenewal(provider: Configuration): Promise<void>
  /** Whether the answer to a refresh token is about the same user. Throws likewise. */
  isStill(subject: string, provider: Configuration, answer: TokenAnswer): Promise<boolean>
  /** What it can be told without a user that would be in the way; a sentence each. */
  faults(): Promise<readonly string[]>
}
