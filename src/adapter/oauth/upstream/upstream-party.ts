import {
  authorizationCodeGrant,
  buildAuthorizationUrl,
  calculatePKCECodeChallenge,
  refreshTokenGrant,
  type Configuration,
} from 'openid-client'
import { UpstreamError } from '../../../core/error/upstream-error.js'
import type {
  UpstreamIdentity,
  UpstreamProvider,
  UpstreamRenewal,
  UpstreamStart,
  UpstreamTokens,
} from '../../../core/federation/upstream-provider.js'
import type { Clock } from '../../../core/runtime/clock.js'
import type { Log } from '../../../core/runtime/log.js'
import type { Tracer } from '../../../core/runtime/tracer.js'
import type { AuthorizationSecrets } from '../../../core/sign-in/login-transaction.js'
import { reasonOf, recordedFailure, recordedOutage } from '../provider-failure.js'
import { isOfAnother, isRevoked } from '../upstream-answer.js'
import { upstreamFaults, type CheckedUpstream } from './upstream-faults.js'
import { keptTokens } from './kept-tokens.js'
import { requireOwnCallback } from './own-callback.js'

export interface UpstreamPartyParts extends CheckedUpstream {
  readonly clock: Clock
  readonly log: Log
  readonly tracer: Tracer
}

/** A relying party: authorization code with PKCE S256, state and `iss` (RFC 9207), whichever way the provider says who signed in. */
export class UpstreamParty implements UpstreamProvider {
  readonly #parts: UpstreamPartyParts

  constructor(parts: UpstreamPartyParts) {
    this.#parts = parts
  }

  async authorizationUrl(start: UpstreamStart): Promise<URL> {
    const { protocol, redirectUri } = this.#parts
    return buildAuthorizationUrl(await this.#usable(), {
      redirect_uri: redirectUri,
      state: start.secrets.state,
      code_challenge: await calculatePKCECodeChallenge(start.secrets.codeVerifier),
      code_challenge_method: 'S256',
      ...protocol.request(start),
    })
  }

  async exchange(parameters: URLSearchParams, secrets: AuthorizationSecrets): Promise<UpstreamIdentity> {
    try {
      return await this.#step('upstream exchange', () => this.#redeem(parameters, secrets))
    } catch (error) {
      throw recordedFailure(this.#parts.log, error)
    }
  }

  async renew(tokens: UpstreamTokens, subject: string): Promise<UpstreamRenewal> {
    try {
      return await this.#step('upstream renewal', () => this.#renew(tokens, subject))
    } catch (error) {
      if (isRevoked(error)) return { outcome: 'revoked_upstream' }
      if (isOfAnother(error)) return { outcome: 'changed_upstream' }
      throw new UpstreamError('IDP_UNAVAILABLE', `the identity provider did not renew its tokens: ${reasonOf(error)}`)
    }
  }

  check(): Promise<readonly string[]> {
    return upstreamFaults(this.#parts)
  }

  async #usable(): Promise<Configuration> {
    try {
      return await this.#parts.protocol.open()
    } catch (error) {
      throw recordedOutage(this.#parts.log, error)
    }
  }

  async #redeem(parameters: URLSearchParams, secrets: AuthorizationSecrets): Promise<UpstreamIdentity> {
    const { protocol, redirectUri, settings } = this.#parts
    requireOwnCallback(parameters, settings.issuer)
    const provider = await protocol.open()
    const callback = new URL(redirectUri)
    callback.search = parameters.toString()
    const checks = { expectedState: secrets.state, pkceCodeVerifier: secrets.codeVerifier, ...protocol.checks(secrets) }
    const answer = await authorizationCodeGrant(provider, callback, checks)
    const tokens = keptTokens(answer, { scopes: settings.scopes, refreshToken: undefined, now: this.#now() })
    const user = await protocol.identify(provider, { answer, code: parameters.get('code') ?? '' })
    return { issuer: settings.issuer, ...user, tokens }
  }

  /** The new tokens have to be theirs whose the old ones were. */
  async #renew({ refreshToken, scopes }: UpstreamTokens, subject: string): Promise<UpstreamRenewal> {
    const { protocol } = this.#parts
    if (refreshToken === undefined) return { outcome: 'revoked_upstream' }
    const provider = await protocol.open()
    await protocol.prepareRenewal(provider)
    const answer = await refreshTokenGrant(provider, refreshToken)
    const tokens = keptTokens(answer, { scopes, refreshToken, now: this.#now() })
    if (!(await protocol.isStill(subject, provider, answer))) return { outcome: 'changed_upstream' }
    return { outcome: 'refreshed', tokens }
  }

  #step<Result>(name: string, work: () => Promise<Result>): Promise<Result> {
    return this.#parts.tracer.trace({ name, kind: 'internal' }, work)
  }

  #now(): number {
    return this.#parts.clock.now() / 1000
  }
}
