import {
  authorizationCodeGrant,
  buildAuthorizationUrl,
  calculatePKCECodeChallenge,
  ClientSecretBasic,
  getJwksCache,
  refreshTokenGrant,
  type Configuration,
  type CustomFetch,
} from 'openid-client'
import { ConfigurationError } from '../../core/error/configuration-error.js'
import { UpstreamError } from '../../core/error/upstream-error.js'
import type { IdTokenVerifier, TokenVerifier } from '../../core/identity/verified-token.js'
import type { Clock } from '../../core/runtime/clock.js'
import type { Log } from '../../core/runtime/log.js'
import { silentTracer, type Tracer } from '../../core/runtime/tracer.js'
import type {
  AuthorizationStart,
  ProviderIdentity,
  RefreshAnswer,
  RefreshingProvider,
} from '../../core/sign-in/identity-provider.js'
import type { AuthorizationSecrets } from '../../core/sign-in/login-transaction.js'
import type { UpstreamGrant } from '../../core/sign-in/upstream-grant.js'
import type { DueRefresh } from '../../core/sign-in/upstream-tokens.js'
import { boundedFetch, type Fetch } from './bounded-fetch.js'
import { isForAlone, requireSameIdentity, requireSoundIdToken, type TokenAnswer } from './id-token-checks.js'
import { requireSoundMetadata } from './metadata-rules.js'
import { OidcDiscovery } from './oidc-discovery.js'
import { openConfiguration } from './open-configuration.js'
import { failureOf, reasonOf, recordedFailure, recordedOutage, refusal } from './provider-failure.js'
import { requireConfiguredUrl, requireRedirectUri } from './provider-url.js'
import { tracedFetch } from './traced-fetch.js'
import { isOfAnother, isRevoked, upstreamGrant } from './upstream-answer.js'

export interface OidcProviderOptions {
  /** Compared byte by byte with what the provider calls itself. */
  readonly issuer: string
  readonly clientId: string
  readonly clientSecret: string
  /** Where the provider sends the browser back to, byte-exact. */
  readonly redirectUri: string
  /** The resource that access is asked for (RFC 8707), and that the access token has to be for. */
  readonly resource: string
  /** Asked for besides `openid`. */
  readonly scopes: readonly string[]
  /** Verifies the access token: the identity is what that one says. */
  readonly tokens: TokenVerifier
  /** Verifies ID tokens that users paste. */
  readonly idTokens: IdTokenVerifier
  /** How the provider is reached. No default: where it leads and what it refuses is for whoever composes the server to say. */
  readonly fetch: Fetch
  readonly clock: Clock
  readonly log: Log
  readonly tracer?: Tracer
}

/**
 * The relying party of an OpenID Connect provider that issues access tokens our verifier reads: authorization code with PKCE
 * S256, nonce, state and `iss` (RFC 9207), client_secret_basic. Throws `ConfigurationError` for options that cannot be right.
 */
export function createOidcProvider(options: OidcProviderOptions): RefreshingProvider {
  requireConfiguredUrl('the issuer', options.issuer)
  requireRedirectUri(options.redirectUri)
  if (options.clientId === '' || options.clientSecret === '') {
    throw new ConfigurationError('ERR_CONFIG_OPTION', 'a relying party needs a client id and a client secret')
  }
  return new OidcProvider(options)
}

/** As long as the library goes by keys that it has read, and the time of one refresh less. */
const keysKnownSeconds = 300 - 30

interface Exchanged {
  readonly answer: TokenAnswer
  readonly upstream: UpstreamGrant | undefined
}

class OidcProvider implements RefreshingProvider {
  readonly issuer: string
  readonly clientId: string
  readonly #options: OidcProviderOptions
  readonly #fetch: CustomFetch
  readonly #discovery: OidcDiscovery

  constructor(options: OidcProviderOptions) {
    this.#options = options
    this.issuer = options.issuer
    this.clientId = options.clientId
    this.#fetch = tracedFetch(boundedFetch(options.fetch), options.tracer ?? silentTracer)
    const rules = { issuer: options.issuer, origins: [], pkce: 'advertised' } as const
    const client = { clientId: options.clientId, authentication: ClientSecretBasic(options.clientSecret) }
    this.#discovery = new OidcDiscovery({
      ...options,
      fetch: this.#fetch,
      open: (metadata) => {
        requireSoundMetadata(metadata, rules)
        return openConfiguration(metadata, { ...client, fetch: this.#fetch })
      },
    })
  }

  async authorizationUrl({ secrets, otherAccount }: AuthorizationStart): Promise<URL> {
    const { redirectUri, resource, scopes } = this.#options
    return buildAuthorizationUrl(await this.#usable(), {
      redirect_uri: redirectUri,
      scope: [...new Set(['openid', ...scopes])].join(' '),
      resource,
      state: secrets.state,
      nonce: secrets.nonce,
      code_challenge: await calculatePKCECodeChallenge(secrets.codeVerifier),
      code_challenge_method: 'S256',
      ...(otherAccount ? { prompt: 'login' } : {}),
    })
  }

  async exchange(parameters: URLSearchParams, secrets: AuthorizationSecrets): Promise<ProviderIdentity> {
    try {
      const { answer, upstream } = await this.#redeem(await this.#discovery.find(), parameters, secrets)
      return { ...(await this.#identityIn(answer)), upstream }
    } catch (error) {
      throw recordedFailure(this.#options.log, error)
    }
  }

  async verifyIdToken(token: string, nonce: string): Promise<ProviderIdentity> {
    try {
      const { issuer, subject, clientId, tenantClaim, expiresAt } = await this.#options.idTokens.verify(token, nonce)
      if (issuer !== this.#options.issuer || clientId !== this.#options.clientId) throw refusal('not issued to us')
      return { issuer, subject, clientId, tenantClaim, scopes: [], grantDigest: undefined, expiresAt }
    } catch (error) {
      throw failureOf(error)
    }
  }

  async refresh(due: Pick<DueRefresh, 'refreshToken' | 'subject'>): Promise<RefreshAnswer> {
    try {
      return await this.#refresh(due)
    } catch (error) {
      if (isRevoked(error)) return { outcome: 'revoked_upstream' }
      if (isOfAnother(error)) return { outcome: 'changed_upstream' }
      const message = `the identity provider did not refresh a sign-in: ${reasonOf(error)}`
      throw new UpstreamError('IDP_UNAVAILABLE', message)
    }
  }

  async #usable(): Promise<Configuration> {
    try {
      return await this.#discovery.find()
    } catch (error) {
      throw recordedOutage(this.#options.log, error)
    }
  }

  async #redeem(
    configuration: Configuration,
    parameters: URLSearchParams,
    { state, nonce, codeVerifier }: AuthorizationSecrets,
  ): Promise<Exchanged> {
    const { clock, issuer, redirectUri, resource } = this.#options
    // The library does not look at an empty one.
    if ((parameters.get('iss') ?? issuer) !== issuer) throw refusal('the callback is from another issuer')
    const callback = new URL(redirectUri)
    callback.search = parameters.toString()
    const checks = { expectedState: state, expectedNonce: nonce, pkceCodeVerifier: codeVerifier, idTokenExpected: true }
    const answer = await authorizationCodeGrant(configuration, callback, checks, { resource })
    const claims = answer.claims()
    if (answer.token_type !== 'bearer') throw refusal('the access token is not a bearer token')
    if (answer.id_token === undefined || claims === undefined) throw refusal('there is no ID token')
    const { expires_in: seconds, refresh_token: token } = answer
    return {
      answer: { accessToken: answer.access_token, idToken: answer.id_token, claims },
      upstream: token === undefined ? undefined : upstreamGrant(token, seconds, clock.now() / 1000),
    }
  }

  /** The sign-in stays whose it was, so the new tokens have to be theirs. An ID token need not be among them (OpenID Connect Core §12.2). */
  async #refresh({ refreshToken, subject }: Pick<DueRefresh, 'refreshToken' | 'subject'>): Promise<RefreshAnswer> {
    const { clientId, clock, resource, tokens } = this.#options
    const now = clock.now() / 1000
    const configuration = await this.#discovery.find()
    await this.#requireKeys(configuration)
    const answer = await refreshTokenGrant(configuration, refreshToken, { resource })
    if (answer.token_type !== 'bearer') throw refusal('the access token is not a bearer token')
    const { access_token: accessToken, id_token: idToken } = answer
    const claims = answer.claims()
    if (idToken !== undefined && claims !== undefined) {
      if (claims.sub !== subject || !isForAlone(clientId, claims)) return { outcome: 'changed_upstream' }
      requireSoundIdToken({ accessToken, idToken, claims }, { clientId, now })
    }
    const verified = await tokens.verify(accessToken, resource)
    if (verified.subject !== subject || verified.clientId !== clientId) return { outcome: 'changed_upstream' }
    const { expires_in: seconds, refresh_token: rotated = refreshToken } = answer
    return { outcome: 'refreshed', grant: upstreamGrant(rotated, seconds, now) }
  }

  /** An answer that cannot be checked would be lost, and the new refresh token with it: the old one is used up by then. */
  async #requireKeys(configuration: Configuration): Promise<void> {
    const known = getJwksCache(configuration)
    if (known !== undefined && this.#options.clock.now() / 1000 - known.uat < keysKnownSeconds) return
    const { jwks_uri: url = '' } = configuration.serverMetadata()
    const { status } = await this.#fetch(url, { method: 'GET', headers: {}, body: null, redirect: 'manual' })
    if (status !== 200) throw refusal('the keys of the issuer cannot be had')
  }

  async #identityIn(answer: TokenAnswer): Promise<ProviderIdentity> {
    const { clientId, clock, resource, tokens } = this.#options
    requireSoundIdToken(answer, { clientId, now: clock.now() / 1000 })
    const verified = await tokens.verify(answer.accessToken, resource)
    requireSameIdentity(answer, verified, this.#options)
    const { issuer, subject, tenantClaim, grantDigest, asserted } = verified
    // A sign-in outlives the access token that came with it; what ends it is its grant, and its own term.
    return { issuer, subject, clientId, tenantClaim, scopes: asserted.scopes ?? [], grantDigest, expiresAt: undefined }
  }
}
