import type { Secret } from '../../credential/secret.js'
import type { ServiceClient } from '../service-tokens.js'
import type { UserServiceAuth } from './user-service.js'

/** This installation as a client of a service where users sign in. */
export interface UserServiceClient extends ServiceClient {
  readonly endpoint: UserServiceAuth
}

/** What a sign-in at a service is recognized by when it comes back (OAuth 2.1 §4.1.1). */
export interface ServiceSignInRequest {
  /** Byte-exact; no other service is answered there. */
  readonly redirectUri: string
  readonly state: string
  /** PKCE (RFC 7636), 43 characters. */
  readonly codeVerifier: string
}

/** What a service gave for one user. */
export interface UserTokens {
  readonly accessToken: Secret
  /** `undefined` where the service gave none. */
  readonly refreshToken: Secret | undefined
  /** How long the access token is good, in seconds from now on; `undefined` where the service does not say. */
  readonly seconds: number | undefined
}

/** The authorization servers of services. Each method throws `ServiceTokenError` where one says nothing that holds, or nothing at all. */
export interface ServiceAuthorization {
  /** Where the user is sent. */
  authorizationUrl(client: UserServiceClient, request: ServiceSignInRequest): Promise<URL>
  /** Tokens for what has come back; `denied` where the user said no there. */
  redeem(
    client: UserServiceClient,
    request: ServiceSignInRequest,
    parameters: URLSearchParams,
  ): Promise<UserTokens | 'denied'>
  /** New tokens; `ended` where the service has taken back what the user allowed. */
  renew(client: UserServiceClient, refreshToken: Secret): Promise<UserTokens | 'ended'>
  /** Takes a token back (RFC 7009). Nothing happens where the service has no place for that. */
  revoke(client: UserServiceClient, token: Secret): Promise<void>
}
