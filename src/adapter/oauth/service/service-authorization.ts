import {
  authorizationCodeGrant,
  AuthorizationResponseError,
  buildAuthorizationUrl,
  calculatePKCECodeChallenge,
  ClientSecretBasic,
  ClientSecretPost,
  refreshTokenGrant,
  tokenRevocation,
  type Configuration,
  type CustomFetch,
} from 'openid-client'
import { Secret } from '../../../core/credential/secret.js'
import type {
  ServiceAuthorization,
  ServiceSignInRequest,
  UserServiceClient,
  UserTokens,
} from '../../../core/external-service/connect/service-authorization.js'
import { ServiceTokenError } from '../../../core/external-service/service-tokens.js'
import type { Fetcher } from '../../../core/runtime/fetcher.js'
import { boundedFetch } from '../bounded-fetch.js'
import { openConfiguration } from '../open-configuration.js'
import { reasonOf, refusal } from '../provider-failure.js'
import { isRevoked } from '../upstream-answer.js'
import { fetchThrough, strictFetch } from '../upstream/fetch-through.js'
import { keptTokens } from '../upstream/kept-tokens.js'
import { requireOwnCallback } from '../upstream/own-callback.js'
import type { TokenAnswer } from '../upstream/upstream-protocol.js'
import { withoutIdToken } from './without-id-token.js'

/** Authorization servers of services: authorization code with PKCE S256, state and `iss` (RFC 9207), asked through a `Fetcher`. */
export function createServiceAuthorization(fetcher: Fetcher): ServiceAuthorization {
  return new Authorization(fetcher)
}

class Authorization implements ServiceAuthorization {
  readonly #fetcher: Fetcher

  constructor(fetcher: Fetcher) {
    this.#fetcher = fetcher
  }

  async authorizationUrl(client: UserServiceClient, request: ServiceSignInRequest): Promise<URL> {
    const { scopes } = client.endpoint
    return buildAuthorizationUrl(this.#open(client, usualIssuer(client)), {
      redirect_uri: request.redirectUri,
      state: request.state,
      code_challenge: await calculatePKCECodeChallenge(request.codeVerifier),
      code_challenge_method: 'S256',
      ...scopeParameter(scopes),
    })
  }

  async redeem(
    client: UserServiceClient,
    { codeVerifier, redirectUri, state }: ServiceSignInRequest,
    parameters: URLSearchParams,
  ): Promise<UserTokens | 'denied'> {
    try {
      const issuer = issuerIn(client, parameters)
      requireOwnCallback(parameters, issuer)
      const callback = new URL(redirectUri)
      callback.search = parameters.toString()
      const checks = { expectedState: state, pkceCodeVerifier: codeVerifier }
      return tokensIn(await authorizationCodeGrant(this.#open(client, issuer), callback, checks))
    } catch (error) {
      // State and issuer were compared before.
      if (error instanceof AuthorizationResponseError && error.error === 'access_denied') return 'denied'
      throw new ServiceTokenError(reasonOf(error))
    }
  }

  async renew(client: UserServiceClient, refreshToken: Secret): Promise<UserTokens | 'ended'> {
    try {
      return tokensIn(await refreshTokenGrant(this.#open(client, usualIssuer(client)), refreshToken.reveal()))
    } catch (error) {
      if (isRevoked(error)) return 'ended'
      throw new ServiceTokenError(reasonOf(error))
    }
  }

  async revoke(client: UserServiceClient, token: Secret): Promise<void> {
    if (client.endpoint.revocationEndpoint === undefined) return
    try {
      // The answer to this has no body that counts (RFC 7009 §2.2).
      await tokenRevocation(this.#open(client, usualIssuer(client), this.#plainFetch(client)), token.reveal())
    } catch (error) {
      throw new ServiceTokenError(reasonOf(error))
    }
  }

  #open(client: UserServiceClient, issuer: string, fetch = this.#tokenFetch(client)): Configuration {
    const { clientId, clientSecret, endpoint } = client
    const { authorizationEndpoint, revocationEndpoint, secretIn, tokenEndpoint } = endpoint
    const secret = clientSecret.reveal()
    const metadata = {
      ...{ issuer, authorization_endpoint: authorizationEndpoint, token_endpoint: tokenEndpoint },
      ...(revocationEndpoint === undefined ? {} : { revocation_endpoint: revocationEndpoint }),
    }
    const authentication = secretIn === 'header' ? ClientSecretBasic(secret) : ClientSecretPost(secret)
    return openConfiguration(metadata, { clientId, fetch, authentication })
  }

  #tokenFetch(client: UserServiceClient): CustomFetch {
    return withoutIdToken(strictFetch(this.#plainFetch(client)))
  }

  #plainFetch({ reach }: UserServiceClient): CustomFetch {
    return boundedFetch(fetchThrough(this.#fetcher, reach))
  }
}

/** Where nobody has said what the service calls itself, it is at the place of one of its endpoints. Throws `AuthenticationError`. */
function issuerIn(client: UserServiceClient, parameters: URLSearchParams): string {
  const { authorizationEndpoint, issuer, tokenEndpoint } = client.endpoint
  const named = parameters.get('iss')
  if (issuer !== undefined || named === null) return usualIssuer(client)
  const origins = [authorizationEndpoint, tokenEndpoint].map((endpoint) => new URL(endpoint).origin)
  if (URL.canParse(named) && origins.includes(new URL(named).origin)) return named
  throw refusal('the callback is from another issuer')
}

function usualIssuer({ endpoint: { issuer, tokenEndpoint } }: UserServiceClient): string {
  return issuer ?? new URL(tokenEndpoint).origin
}

function scopeParameter(scopes: readonly string[]): Readonly<Record<string, string>> {
  return scopes.length === 0 ? {} : { scope: scopes.join(' ') }
}

/** Throws `AuthenticationError` for tokens that are of no use. */
function tokensIn(answer: TokenAnswer): UserTokens {
  // Counted from the answer on.
  const kept = keptTokens(answer, { scopes: [], refreshToken: undefined, now: 0 })
  return {
    accessToken: new Secret(kept.accessToken),
    refreshToken: kept.refreshToken === undefined ? undefined : new Secret(kept.refreshToken),
    seconds: kept.expiresAt,
  }
}
