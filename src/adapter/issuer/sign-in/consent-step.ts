import type Provider from 'oidc-provider'
import type { Client, Grant, Interaction } from 'oidc-provider'
import type { Application } from '../../../core/identity/application.js'
import { grantedScopes } from '../provider/access-token-claims.js'
import type { AccountDirectory, Principal } from './account-directory.js'
import { denial, parameterOf, type StepAnswer, type Visit } from './interaction-step.js'
import { askedScopes, newGrant, saveGrant, type AskedScopes } from './new-grant.js'
import type { ConsentBound } from '../consent/consent-bound.js'
import { renderConsentPage } from '../consent/consent-page.js'
import { renderErrorPage } from '../page/error-page.js'
import type { IssuerResource } from '../provider/issuer-resource.js'
import { rememberDestination, wasAllowedFor } from '../record/consented-destination.js'
import type { SealedRecords } from '../record/sealed-records.js'
import type { SignInAudit } from './sign-in-audit.js'

/** Longer than a grant lives, so that a client whose grant is good never disappears under it. */
const rememberedSeconds = 90 * 24 * 60 * 60

export interface ConsentParts {
  readonly provider: Provider
  readonly application: Application
  readonly directory: AccountDirectory
  readonly records: SealedRecords
  readonly resources: readonly IssuerResource[]
  readonly audit: SignInAudit
  readonly bound: ConsentBound
}

/** All that a decision is about; `undefined` parts make it impossible. */
interface Question extends AskedScopes {
  readonly subject: string
  readonly principal: Principal
  readonly client: Client
  readonly redirectUri: string
  readonly resource: IssuerResource
}

/** The consent page: what a client may do for the user, per client, destination, account and scope (Model Context Protocol, security best practices). */
export class ConsentStep {
  readonly #parts: ConsentParts

  constructor(parts: ConsentParts) {
    this.#parts = parts
  }

  async show(visit: Visit): Promise<StepAnswer> {
    const question = await this.#questionOf(visit.interaction)
    if (question === undefined) return this.#startAgain()
    const { principal, client, redirectUri, resource, identity, scopes } = question
    const held = grantedScopes(scopes, principal.account.grants.scopes)
    const page = renderConsentPage({
      serverName: this.#parts.application.name,
      clientId: client.clientId,
      clientName: client.clientName,
      redirectUri,
      resourceName: resource.name,
      tenantName: principal.tenant.name,
      email: principal.account.email,
      scopes: [...scopes, ...identity],
      scopeWords: resource.scopeWords ?? {},
      notHeld: scopes.filter((scope) => !held.includes(scope)),
      grants: principal.account.grants,
      csrf: visit.csrf,
    })
    return { kind: 'page', status: 200, page }
  }

  /** Writes down what was agreed to; a client that was agreed to is kept longer. Throws `UpstreamError` where it cannot. */
  async allow({ interaction, caller }: Visit): Promise<StepAnswer> {
    const question = await this.#questionOf(interaction)
    if (question === undefined) return this.#startAgain()
    const { redirectUri, resource, principal } = question
    const grant = await this.#grantFor(interaction, question)
    await this.#parts.audit.record({
      ...{ type: 'signin.completed', reason: 'consent_allowed', interaction, caller },
      ...{ tenant: principal.tenant, subject: principal.account.id },
      allowed: {
        grantId: grant.jti,
        destination: hostOrScheme(redirectUri),
        resource: resource.resource,
        scopes: [...question.scopes, ...question.identity],
      },
    })
    await rememberDestination(this.#parts.records, { grantId: grant.jti, redirectUri, expiresIn: rememberedSeconds })
    const grantId = await saveGrant(grant, resource, question)
    await this.#keepClient(question.client.clientId)
    await this.#parts.bound.enforce(principal, this.#parts.records.grantDigest(grantId))
    return { kind: 'result', result: { consent: { grantId } }, keepEarlier: true }
  }

  /** Tells the client no. */
  async deny({ interaction, caller }: Visit): Promise<StepAnswer> {
    const question = await this.#questionOf(interaction)
    this.#parts.audit.count({
      ...{ type: 'signin.failed', reason: 'consent_denied', interaction, caller },
      ...{ tenant: question?.principal.tenant, subject: question?.principal.account.id },
    })
    return denial
  }

  async #questionOf(interaction: Interaction): Promise<Question | undefined> {
    const { directory, provider, resources } = this.#parts
    const subject = interaction.session?.accountId
    const wanted = parameterOf(interaction, 'resource')
    const redirectUri = parameterOf(interaction, 'redirect_uri')
    const resource = resources.find((known) => known.resource === wanted)
    const client = await provider.Client.find(parameterOf(interaction, 'client_id') ?? '')
    const principal = subject === undefined ? undefined : await directory.find(subject)
    if (subject === undefined || resource === undefined || client === undefined) return undefined
    if (principal === undefined || redirectUri === undefined) return undefined
    const asked = askedScopes(parameterOf(interaction, 'scope'), resource)
    return { subject, principal, client, redirectUri, resource, ...asked }
  }

  /** The grant that this destination has, or a new one: what was allowed to one is not added to what another has. */
  async #grantFor(interaction: Interaction, { subject, client, redirectUri }: Question): Promise<Grant> {
    const { provider, records } = this.#parts
    const { clientId } = client
    const existing = interaction.grantId === undefined ? undefined : await provider.Grant.find(interaction.grantId)
    const fits = existing?.accountId === subject && existing.clientId === clientId
    if (fits && (await wasAllowedFor(records, existing.jti, redirectUri))) return existing
    return newGrant(provider, { accountId: subject, clientId })
  }

  async #keepClient(clientId: string): Promise<void> {
    const record = await this.#parts.records.find('Client', clientId)
    if (record === undefined) return
    await this.#parts.records.put({
      model: 'Client',
      id: clientId,
      payload: record.payload,
      expiresIn: rememberedSeconds,
    })
  }

  #startAgain(): StepAnswer {
    const page = renderErrorPage({
      serverName: this.#parts.application.name,
      title: 'Start again',
      message: 'This sign-in cannot go on. Go back to the application and start again.',
    })
    return { kind: 'page', status: 400, page }
  }
}

function hostOrScheme(redirectUri: string): string {
  const { host, protocol } = new URL(redirectUri)
  return protocol === 'https:' || protocol === 'http:' ? host : protocol
}
