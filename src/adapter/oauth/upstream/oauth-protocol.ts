import { allowInsecureRequests, type AuthorizationCodeGrantChecks, type Configuration } from 'openid-client'
import { upstreamPresets } from '../../../core/federation/preset/presets.js'
import type {
  UpstreamEndpoints,
  UpstreamStart,
  UpstreamUserMembers,
} from '../../../core/federation/upstream-provider.js'
import { claimAt, type ClaimSource } from '../../../core/trust/claim-source.js'
import { isObject } from '../../../core/trust/option-reader.js'
import { openConfiguration } from '../open-configuration.js'
import { reasonOf, refusal } from '../provider-failure.js'
import { isLoopbackHttp } from '../provider-url.js'
import { askAs } from './ask-as.js'
import { configuredAuthentication } from './client-authentication.js'
import { githubEmail } from './github-email.js'
import type { ProtocolParts, RedeemedCode, TokenAnswer, UpstreamProtocol, UpstreamUser } from './upstream-protocol.js'
import { emailStanding, showableName, subjectOf, verifiedEmail } from './upstream-user.js'

/** Where a provider without ID tokens is asked, and what its answer means. */
export interface OauthPlaces {
  readonly endpoints: UpstreamEndpoints
  readonly members: UpstreamUserMembers
}

/** OAuth 2 without ID tokens: who signed in is what the provider says when it is asked with the access token, straight from its endpoint. */
export class OauthProtocol implements UpstreamProtocol {
  readonly #parts: ProtocolParts
  readonly #places: OauthPlaces

  constructor(parts: ProtocolParts, places: OauthPlaces) {
    this.#parts = parts
    this.#places = places
  }

  async open(): Promise<Configuration> {
    const { fetch, settings } = this.#parts
    const { authorization, token } = this.#places.endpoints
    const metadata = { issuer: settings.issuer, authorization_endpoint: authorization, token_endpoint: token }
    const configuration = openConfiguration(metadata, {
      ...{ clientId: settings.clientId, fetch },
      authentication: configuredAuthentication(settings),
    })
    // Its issuer is a name alone, and may be one of https: nothing is asked there.
    if ([authorization, token].some((url) => isLoopbackHttp(new URL(url)))) allowInsecureRequests(configuration)
    return configuration
  }

  request({ otherAccount }: UpstreamStart): Readonly<Record<string, string>> {
    const { kind, scopes } = this.#parts.settings
    return {
      ...(scopes.length === 0 ? {} : { scope: scopes.join(' ') }),
      ...(otherAccount ? upstreamPresets[kind].otherAccount : {}),
    }
  }

  checks(): AuthorizationCodeGrantChecks {
    return {}
  }

  async identify(_provider: Configuration, { answer }: RedeemedCode): Promise<UpstreamUser> {
    const { members } = this.#places
    const { access_token: token } = answer
    const said = await this.#ask(token)
    const member = (source: ClaimSource | undefined): unknown => source && claimAt(said, source)
    const email = await this.#email(token, member(members.email), member(members.emailVerified))
    return {
      subject: subjectOf(member(members.subject)),
      email,
      emailIs: emailStanding(upstreamPresets[this.#parts.settings.kind].answersFor, email, said),
      name: showableName(member(members.name)),
      authenticatedAt: undefined,
    }
  }

  async prepareRenewal(): Promise<void> {
    // Nothing is needed but the provider itself.
  }

  async isStill(subject: string, _provider: Configuration, { access_token: token }: TokenAnswer): Promise<boolean> {
    return subjectOf(claimAt(await this.#ask(token), this.#places.members.subject)) === subject
  }

  /** Whoever has no token is refused, which shows that somebody is there. */
  async faults(): Promise<readonly string[]> {
    const { userinfo } = this.#places.endpoints
    try {
      const { status } = await askAs(this.#parts.fetch, userinfo, 'none')
      return status === 404 ? ['there is nothing at its userinfo endpoint: status 404'] : []
    } catch (error) {
      return [`its userinfo endpoint cannot be asked: ${reasonOf(error)}`]
    }
  }

  async #ask(token: string): Promise<Readonly<Record<string, unknown>>> {
    const { body, status } = await askAs(this.#parts.fetch, this.#places.endpoints.userinfo, token)
    if (status === 200 && isObject(body)) return body
    throw refusal(`the provider does not say who signed in: status ${status}`)
  }

  #email(token: string, email: unknown, verified: unknown): Promise<string | undefined> | string | undefined {
    const { fetch, settings } = this.#parts
    if (settings.kind !== 'github') return verifiedEmail(email, verified)
    return githubEmail(fetch, `${this.#places.endpoints.userinfo}/emails`, token)
  }
}
