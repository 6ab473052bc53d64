import type { FederationFlow } from '../../../core/federation/federation-flow.js'
import type { FederationRecords } from '../../../core/federation/federation-records.js'
import type { Interaction } from 'oidc-provider'
import type { Clock } from '../../../core/runtime/clock.js'
import { renderContinuePage } from '../page/render-page.js'
import type { AccountDirectory } from '../sign-in/account-directory.js'
import { parameterOf, type StepAnswer, type Submission, type Visit } from '../sign-in/interaction-step.js'
import { formatSubject } from '../sign-in/issuer-subject.js'
import type { SignInAudit } from '../sign-in/sign-in-audit.js'
import { refusedPage } from './refused-page.js'
import { formatContext } from './sign-in-context.js'

export interface FederationStepParts {
  readonly flow: Pick<FederationFlow, 'begin' | 'claim'>
  readonly directory: Pick<AccountDirectory, 'find'>
  readonly records: FederationRecords
  readonly audit: Pick<SignInAudit, 'referenceOf'>
  readonly serverName: string
  readonly clock: Clock
  /** The client id of this server as a client of its own, whose `prompt=login` lets users take another account. */
  readonly ownClient: string | undefined
}

const longestHint = 254

/** Signing in with an identity provider, as far as the sign-in page goes: away from it, and on from it. */
export class FederationStep {
  readonly #parts: FederationStepParts

  constructor(parts: FederationStepParts) {
    this.#parts = parts
  }

  /** Sends the browser to the provider of the form. Throws `UpstreamError` where a database does not answer. */
  async begin({ browser, caller, form, interaction }: Submission): Promise<StepAnswer> {
    const { audit, flow, serverName } = this.#parts
    const start = {
      interaction: interaction.uid,
      reference: audit.referenceOf(interaction),
      provider: form.get('provider') ?? '',
      loginHint: parameterOf(interaction, 'login_hint')?.slice(0, longestHint),
      otherAccount: interaction.prompt.reasons.includes('login_prompt'),
      mostSeconds: this.#mostSeconds(interaction),
    }
    const answer = await flow.begin(start, { ...caller, browser })
    if (answer.outcome === 'refused') return this.#refusal(answer)
    // A page, not a redirect: `form-action` covers the whole redirect chain of a form.
    const page = renderContinuePage({ serverName, continueTo: answer.url.href, leaves: false })
    return { kind: 'page', status: 200, page }
  }

  /** Signs in whoever has come back to this page; `undefined` where nobody has. Throws `UpstreamError`. */
  async complete({ browser, caller, interaction }: Visit): Promise<StepAnswer | undefined> {
    const { audit, directory, flow, records } = this.#parts
    const reference = audit.referenceOf(interaction)
    const signedIn = await flow.claim({ interaction: interaction.uid, reference }, { ...caller, browser })
    if (signedIn === undefined) return undefined
    if (signedIn.outcome === 'refused') return this.#refusal(signedIn)
    const { account, authenticatedAt, provider, subject: there, tenant } = signedIn
    const subject = formatSubject(tenant, account)
    const facts = { tenant, provider, origin: caller }
    if ((await directory.find(subject)) === undefined) {
      records.failed(reference, 'ERR_ACCOUNT_DISABLED', facts)
      const { requestId } = reference
      return this.#refusal({
        ...{ outcome: 'refused', reason: 'ERR_ACCOUNT_DISABLED', requestId },
        interaction: interaction.uid,
      })
    }
    await records.completed(reference, { ...facts, accountId: account.id })
    const now = Math.floor(this.#parts.clock.now() / 1000)
    const acr = formatContext({
      provider,
      subject: there,
      signedInAt: now,
      authTime: authenticatedAt === undefined ? 'unsaid' : 'said',
    })
    return {
      kind: 'result',
      result: { login: { accountId: subject, amr: ['fed'], acr, ts: authenticatedAt ?? now, remember: true } },
      keepEarlier: false,
    }
  }

  /** How fresh the client wants the sign-in (OpenID Connect Core §3.1.2.1). */
  #mostSeconds(interaction: Interaction): number | undefined {
    if (parameterOf(interaction, 'client_id') === this.#parts.ownClient) return undefined
    if (parameterOf(interaction, 'prompt')?.split(' ').includes('login') === true) return 0
    const { max_age: seconds } = interaction.params
    return seconds === undefined ? undefined : Math.max(0, Math.floor(Number(seconds)) || 0)
  }

  #refusal(refused: Parameters<typeof refusedPage>[1]): StepAnswer {
    return { kind: 'page', ...refusedPage(this.#parts.serverName, refused) }
  }
}
