import {
  fetchUserInfo,
  skipSubjectCheck,
  type AuthorizationCodeGrantChecks,
  type Configuration,
  type IDToken,
  type ServerMetadata,
} from 'openid-client'
import { upstreamPresets } from '../../../core/federation/preset/presets.js'
import type { UpstreamPreset } from '../../../core/federation/preset/preset.js'
import type { UpstreamStart } from '../../../core/federation/upstream-provider.js'
import type { AuthorizationSecrets } from '../../../core/sign-in/login-transaction.js'
import { isForAlone, requireSoundIdToken } from '../id-token-checks.js'
import { metadataFaults, requireSoundMetadata, type MetadataRules } from '../metadata-rules.js'
import { OidcDiscovery, readMetadata } from '../oidc-discovery.js'
import { openConfiguration } from '../open-configuration.js'
import { reasonOf, refusal } from '../provider-failure.js'
import { advertisedAuthentication } from './client-authentication.js'
import { keyFaults, requireKeys } from './provider-keys.js'
import type { ProtocolParts, RedeemedCode, TokenAnswer, UpstreamProtocol, UpstreamUser } from './upstream-protocol.js'
import { authTimeIn, emailStanding, leastTrustedEmail, showableName, subjectOf } from './upstream-user.js'

type Claims = Readonly<Record<string, unknown>>

/** OpenID Connect: an ID token says who signed in, userinfo what that leaves out. */
export class OpenidProtocol implements UpstreamProtocol {
  readonly #parts: ProtocolParts
  readonly #preset: UpstreamPreset
  readonly #rules: MetadataRules
  readonly #discovery: OidcDiscovery

  constructor(parts: ProtocolParts) {
    const { issuer, kind, origins = [], pkce } = parts.settings
    this.#parts = parts
    this.#preset = upstreamPresets[kind]
    this.#rules = { issuer, pkce, origins: [...this.#preset.origins, ...origins] }
    const { clientId } = parts.settings
    this.#discovery = new OidcDiscovery({ ...parts, issuer, clientId, open: (metadata) => this.#openSound(metadata) })
  }

  /** Each time without keys that were kept: one that came in place of another is known at once. */
  async open(): Promise<Configuration> {
    return this.#open((await this.#discovery.find()).serverMetadata())
  }

  request({ loginHint, mostSeconds, otherAccount, secrets }: UpstreamStart): Readonly<Record<string, string>> {
    const { otherAccount: choice, offline } = this.#preset
    const { scopes } = this.#parts.settings
    const isOffline = scopes.includes('offline_access')
    const sent = offline.scope === 'sent' ? scopes : scopes.filter((scope) => scope !== 'offline_access')
    // Whoever signs in anew may do so as anybody.
    const isAnew = mostSeconds === 0
    const wishes = [isOffline ? offline.parameters : {}, isAnew ? { prompt: 'login' } : otherAccount ? choice : {}]
    const prompts = wishes.flatMap(({ prompt }) => (prompt === undefined ? [] : [prompt]))
    return {
      ...Object.assign({}, ...wishes),
      scope: [...new Set(['openid', ...sent])].join(' '),
      nonce: secrets.nonce,
      ...(prompts.length === 0 ? {} : { prompt: prompts.join(' ') }),
      ...(mostSeconds === undefined ? {} : { max_age: String(mostSeconds) }),
      ...(loginHint === undefined ? {} : { login_hint: loginHint }),
    }
  }

  checks({ nonce }: AuthorizationSecrets): AuthorizationCodeGrantChecks {
    return { expectedNonce: nonce, idTokenExpected: true }
  }

  async identify(provider: Configuration, { answer, code }: RedeemedCode): Promise<UpstreamUser> {
    const claims = this.#claimsIn(answer, code)
    if (claims === undefined) throw refusal('there is no ID token')
    const subject = subjectOf(claims.sub)
    const more: Claims = this.#leavesOut(claims, provider)
      ? await fetchUserInfo(provider, answer.access_token, subject)
      : {}
    const email = leastTrustedEmail([claims, more], this.#preset.emailVerified)
    return {
      subject,
      email,
      emailIs: emailStanding(this.#preset.answersFor, email, claims),
      name: showableName(claims['name'], more['name']),
      authenticatedAt: authTimeIn(claims, this.#parts.clock.now() / 1000),
    }
  }

  async prepareRenewal(provider: Configuration): Promise<void> {
    await requireKeys(provider, this.#parts.fetch)
  }

  /** An ID token need not be there (OpenID Connect Core §12.2); then userinfo is asked whose the access token is. */
  async isStill(subject: string, provider: Configuration, answer: TokenAnswer): Promise<boolean> {
    const claims = answer.claims()
    if (claims !== undefined) {
      if (claims.sub !== subject || !isForAlone(this.#parts.settings.clientId, claims)) return false
      this.#claimsIn(answer)
      return true
    }
    if (!this.#hasUserinfo(provider)) return true
    return (await fetchUserInfo(provider, answer.access_token, skipSubjectCheck)).sub === subject
  }

  async faults(): Promise<readonly string[]> {
    const { fetch, settings } = this.#parts
    try {
      const metadata = await readMetadata({ ...settings, fetch })
      const faults = metadataFaults(metadata, this.#rules)
      return faults.length > 0 ? faults : await keyFaults(this.#open(metadata), fetch)
    } catch (error) {
      return [`its metadata cannot be had: ${reasonOf(error)}`]
    }
  }

  #openSound(metadata: ServerMetadata): Configuration {
    requireSoundMetadata(metadata, this.#rules)
    return this.#open(metadata)
  }

  #open(metadata: ServerMetadata): Configuration {
    const { fetch, settings } = this.#parts
    const { token_endpoint_auth_methods_supported: methods } = metadata
    const authentication = advertisedAuthentication(settings, methods)
    return openConfiguration(metadata, { clientId: settings.clientId, authentication, fetch })
  }

  #claimsIn(answer: TokenAnswer, code?: string): IDToken | undefined {
    const { clock, settings } = this.#parts
    const { access_token: accessToken, id_token: idToken } = answer
    const claims = answer.claims()
    if (idToken === undefined || claims === undefined) return undefined
    const rules = { clientId: settings.clientId, now: clock.now() / 1000 }
    requireSoundIdToken({ accessToken, idToken, claims, code }, rules)
    return claims
  }

  /** Only what was asked for, and what the ID token neither says nor denies. */
  #leavesOut(claims: Claims, provider: Configuration): boolean {
    const { scopes } = this.#parts.settings
    const email = scopes.includes('email') && claims['email'] === undefined
    const name = scopes.includes('profile') && claims['name'] === undefined
    return (email || name) && this.#hasUserinfo(provider)
  }

  #hasUserinfo(provider: Configuration): boolean {
    return this.#preset.userinfo === 'asked' && provider.serverMetadata().userinfo_endpoint !== undefined
  }
}
