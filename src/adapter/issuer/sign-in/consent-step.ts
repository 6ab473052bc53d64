import type Provider from 'oidc-provider'
import type { Client, Grant, Interaction } from 'oidc-provider'
import type { Application } from '../../../core/identity/application.js'
import { baseScope, grantedScopes } from '../provider/access-token-claims.js'
import type { AccountDirectory, Principal } from './account-directory.js'
import { parameterOf, type StepAnswer, type Visit } from './interaction-step.js'
import { identityScopes } from '../http/issuer-metadata.js'
import { renderConsentPage } from '../page/consent-page.js'
import { renderErrorPage } from '../page/error-page.js'
import type { IssuerResource } from '../provider/provider-configuration.js'
import type { SealedRecords } from '../record/sealed-records.js'

/** Longer than a grant lives, so that a client whose grant is good never disappears under it. */
const usedClientSeconds = 90 * 24 * 60 * 60

export interface ConsentParts {
  readonly provider: Provider
  readonly application: Application
  readonly directory: AccountDirectory
  readonly records: SealedRecords
  readonly resources: readonly IssuerResource[]
}

/** All that a decision is about; `undefined` parts make it impossible. */
interface Question {
  readonly subject: string
  readonly principal: Principal
  readonly client: Client
  readonly resource: IssuerResource
  readonly identity: readonly string[]
  readonly scopes: readonly string[]
}

/** The consent page: what a client may do for the user, per client, account and scope (Model Context Protocol, security best practices). */
export class ConsentStep {
  readonly #parts: ConsentParts

  constructor(parts: ConsentParts) {
    this.#parts = parts
  }

  async show(visit: Visit): Promise<StepAnswer> {
    const question = await this.#questionOf(visit.interaction)
    if (question === undefined) return this.#startAgain()
    const { principal, client, resource, identity, scopes } = question
    const held = grantedScopes(scopes, principal.account.grants.scopes)
    const page = renderConsentPage({
      serverName: this.#parts.application.name,
      clientName: client.clientName ?? 'An application without a name',
      redirectUri: parameterOf(visit.interaction, 'redirect_uri') ?? '',
      resourceName: resource.name,
      tenantName: principal.tenant.name,
      email: principal.account.email,
      scopes: [...scopes, ...identity],
      notHeld: scopes.filter((scope) => !held.includes(scope)),
      csrf: visit.csrf,
    })
    return { kind: 'page', status: 200, page }
  }

  /** Writes down what was agreed to; a client that was agreed to is kept longer. */
  async allow({ interaction }: Visit): Promise<StepAnswer> {
    const question = await this.#questionOf(interaction)
    if (question === undefined) return this.#startAgain()
    const grant = await this.#grantFor(interaction, question)
    grant.addResourceScope(question.resource.resource, [...question.scopes])
    if (question.identity.length > 0) grant.addOIDCScope([...question.identity])
    const grantId = await grant.save()
    await this.#keepClient(question.client.clientId)
    return { kind: 'result', result: { consent: { grantId } }, keepEarlier: true }
  }

  async #questionOf(interaction: Interaction): Promise<Question | undefined> {
    const { directory, provider, resources } = this.#parts
    const subject = interaction.session?.accountId
    const wanted = parameterOf(interaction, 'resource')
    const resource = resources.find((known) => known.resource === wanted)
    const client = await provider.Client.find(parameterOf(interaction, 'client_id') ?? '')
    const principal = subject === undefined ? undefined : await directory.find(subject)
    if (subject === undefined || resource === undefined || client === undefined) return undefined
    if (principal === undefined) return undefined
    const asked = [...new Set((parameterOf(interaction, 'scope') ?? '').split(' '))]
    const offered: ReadonlySet<string> = new Set([baseScope, ...resource.scopes])
    const known: ReadonlySet<string> = new Set(identityScopes)
    return {
      subject,
      principal,
      client,
      resource,
      identity: asked.filter((scope) => known.has(scope)),
      scopes: asked.filter((scope) => offered.has(scope)),
    }
  }

  async #grantFor(interaction: Interaction, { subject, client }: Question): Promise<Grant> {
    const { provider } = this.#parts
    const existing = interaction.grantId === undefined ? undefined : await provider.Grant.find(interaction.grantId)
    if (existing?.accountId === subject && existing.clientId === client.clientId) return existing
    return new provider.Grant({ accountId: subject, clientId: client.clientId })
  }

  async #keepClient(clientId: string): Promise<void> {
    const record = await this.#parts.records.find('Client', clientId)
    if (record === undefined) return
    await this.#parts.records.put({
      model: 'Client',
      id: clientId,
      payload: record.payload,
      expiresIn: usedClientSeconds,
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
