import type { ClientOrigin } from '../../../core/audit/request-origin.js'
import type { AccountFactorStore } from '../../../core/identity/account-factor-store.js'
import { changeSecurity } from '../../../core/identity/change-security.js'
import type { SessionDirectory } from '../../../core/identity/session-directory.js'
import type { Form } from '../http/read-form.js'
import { renderFactorRemovedPage, renderOwnFactorsPage, type OwnFactorsGate } from '../page/account/own-factors-page.js'
import { renderErrorPage } from '../page/error-page.js'
import type { FactorEnrolment } from '../sign-in/factor/factor-enrolment.js'
import type { FactorProof } from '../sign-in/factor/factor-proof.js'
import { stageNow, type FactorVisit, type Trouble } from '../sign-in/factor/factor-visit.js'
import type { Passkeys } from '../sign-in/factor/passkeys.js'
import type { PendingFactor, PendingFactors } from '../sign-in/factor/pending-factors.js'
import type { ProofVisit, StepAnswer } from '../sign-in/interaction-step.js'
import type { SignInAudit } from '../sign-in/sign-in-audit.js'
import type { SignInLimits } from '../sign-in/sign-in-limits.js'
import type { SignedIn } from '../sign-in/signed-in-browser.js'
import type { PasswordProof } from './password-proof.js'

export interface OwnFactorsParts {
  readonly serverName: string
  readonly factors: AccountFactorStore
  readonly pending: PendingFactors
  readonly passkeys: Passkeys
  readonly enrolment: FactorEnrolment
  readonly proof: FactorProof
  readonly password: PasswordProof
  readonly limits: Pick<SignInLimits, 'step'>
  /** Under which a browser's sign-in is on record, by the secret in its cookie. */
  readonly keyOf: (id: string) => string
  readonly audit: SignInAudit
  readonly sessions: Pick<SessionDirectory, 'end' | 'ownersOf'>
}

/** `list`: back to the page as it is now. `signed out`: this browser's sign-in is gone, too. */
export type OwnAnswer = Extract<StepAnswer, { readonly kind: 'page' }> | { readonly kind: 'list' } | SignedOut

interface SignedOut {
  readonly kind: 'signed out'
  readonly page: string
}

const gates = { yes: 'password', absent: 'no password', refused: 'passwords refused' } as const
const list: OwnAnswer = { kind: 'list' }
const needed: Trouble = {
  status: 403,
  problem: 'This is your only one, and your organisation asks for one. Set up another way first.',
}

/**
 * What users change of their own second factors. Whoever is signed in sees them; to change anything they prove one of them again or,
 * to set up the first one, their password. That is good for a few minutes, in this browser.
 */
export class OwnFactors {
  readonly #parts: OwnFactorsParts

  constructor(parts: OwnFactorsParts) {
    this.#parts = parts
  }

  /** Throws `UpstreamError`. */
  async show(signedIn: SignedIn, caller: ClientOrigin): Promise<OwnAnswer> {
    const at = await this.#find(signedIn, caller)
    return (await this.#slowed(at)) ?? this.#page(at)
  }

  /** Throws `UpstreamError`. */
  async submit(signedIn: SignedIn, caller: ClientOrigin, form: Form): Promise<OwnAnswer> {
    const at = await this.#find(signedIn, caller)
    const slowed = await this.#slowed(at)
    if (slowed !== undefined) return slowed
    const { proved, stage } = at.pending
    const action = form.get('action')
    if (action === 'factor-restart') return this.#go(at, proved === 'nothing' ? undefined : { stage: 'prove' })
    if (stage === 'enrol') return pageOf(await this.#parts.enrolment.submit(at, { form }))
    if (stage === 'enrolled') return action === 'factor-done' ? this.#keep(at, form) : this.#page(at)
    return proved === 'nothing' ? this.#prove(at, form) : this.#change(at, form)
  }

  /** Where something is set up, each page is written down. */
  async #slowed({ pending, visit }: FactorVisit): Promise<OwnAnswer | undefined> {
    const wait = pending.stage === 'prove' ? undefined : await this.#parts.limits.step(visit)
    if (wait === undefined) return undefined
    const message = 'This page was opened too often. Try again later.'
    const page = renderErrorPage({ serverName: this.#parts.serverName, title: 'Your second step', message })
    return { kind: 'page', status: 429, page, retryAfter: wait }
  }

  async #find(
    { browser, csrf, id, principal, session, subject }: SignedIn,
    caller: ClientOrigin,
  ): Promise<FactorVisit> {
    const visit: ProofVisit = {
      interaction: { uid: `factors ${session}` },
      session: this.#parts.keyOf(id),
      csrf,
      browser,
      caller,
    }
    const found = await this.#parts.pending.find(visit)
    const standing = await this.#parts.factors.standing(principal.tenant, principal.account.id)
    const none: PendingFactor = { subject, stage: 'prove', proved: 'nothing', secret: undefined }
    // Of this very account: another one may have signed in since.
    const known = found?.subject === subject ? { ...found, stage: stageNow(found, standing) } : none
    return { ...principal, visit, standing, pending: known }
  }

  async #prove(at: FactorVisit, form: Form): Promise<OwnAnswer> {
    const { proof, password } = this.#parts
    if (at.standing.factors.length === 0) {
      if (form.get('action') !== 'factor-password') return this.#page(at)
      const refusal = await password.submit(at, form.get('password') ?? '')
      if (refusal === undefined) return this.#go(at, { stage: 'enrol' })
      this.#failed(at, refusal.reason)
      return this.#page(at, refusal.trouble)
    }
    const answer = await proof.submit(at, form)
    if (answer === undefined) return this.#page(at)
    if (answer.proved !== 'nothing') return this.#go(at, { proved: answer.proved })
    this.#failed(at, answer.reason)
    return this.#page(at, answer.trouble)
  }

  #failed({ account, tenant, visit: { caller, interaction } }: FactorVisit, reason: string): void {
    const page = interaction.uid
    this.#parts.audit.count({ type: 'signin.failed', page, tenant, subject: account.id, caller, reason })
  }

  async #change(at: FactorVisit, form: Form): Promise<OwnAnswer> {
    const action = form.get('action')
    if (action === 'factor-another') return this.#go(at, { stage: 'enrol' })
    if (action === 'factor-remove') return this.#remove(at, form.get('factor') ?? '')
    if (action !== 'factor-codes') return this.#page(at)
    await this.#go(at, { stage: 'enrolled' })
    const standing = { ...at.standing, recoveryCodes: { left: 0, kept: 'no' } as const }
    return pageOf(await this.#parts.enrolment.showDone({ ...at, standing }))
  }

  async #keep(at: FactorVisit, form: Form): Promise<OwnAnswer> {
    const shown = await this.#parts.enrolment.keep(at, form)
    return shown === undefined ? this.#go(at, { stage: 'prove' }) : pageOf(shown)
  }

  /** Whatever has signed in with it ends. */
  async #remove(at: FactorVisit, id: string): Promise<OwnAnswer> {
    const { factors, serverName, sessions } = this.#parts
    const { account, standing, tenant, visit } = at
    if (!standing.factors.some((factor) => factor.id === id)) return list
    if (standing.demand === 'required' && standing.factors.length === 1) return this.#page(at, needed)
    const scope = { tenant, accounts: [account.id] }
    const own = { id: account.id, origin: visit.caller }
    const removed = await changeSecurity(sessions, scope, () => factors.remove(tenant, own, id))
    // Where another one of theirs was faster, everything has ended all the same.
    const { sessions: left, value } = removed
    const page = renderFactorRemovedPage({ serverName, sessions: left, factor: value === 'needed' ? 'stays' : 'gone' })
    return { kind: 'signed out', page }
  }

  async #go({ pending, visit }: FactorVisit, next: Partial<PendingFactor> | undefined): Promise<OwnAnswer> {
    if (next === undefined) await this.#parts.pending.drop(visit)
    else await this.#parts.pending.put(visit, { ...pending, ...next })
    return list
  }

  async #page(at: FactorVisit, trouble?: Trouble): Promise<OwnAnswer> {
    const { account, pending, standing, tenant, visit } = at
    const { enrolment, passkeys, serverName } = this.#parts
    if (pending.stage === 'enrol') return pageOf(await enrolment.show(at))
    if (pending.stage === 'enrolled') return pageOf(await enrolment.showDone(at))
    const gate = await this.#gateOf(at)
    const owner = { visit, subject: pending.subject, passkeys: standing.passkeys }
    const asksPasskey = gate === 'factor' && passkeys.usable && standing.passkeys.length > 0
    const page = renderOwnFactorsPage({
      ...{ serverName, tenantName: tenant.name, email: account.email, csrf: visit.csrf, standing, gate },
      passkeyOptions: asksPasskey ? await passkeys.requestOptions(owner) : undefined,
      problem: trouble?.problem,
    })
    return { kind: 'page', status: trouble?.status ?? 200, page, retryAfter: trouble?.retryAfter, script: 'passkey' }
  }

  async #gateOf(at: FactorVisit): Promise<OwnFactorsGate> {
    if (at.standing.factors.length > 0) return at.pending.proved === 'nothing' ? 'factor' : 'open'
    return gates[await this.#parts.password.possible(at)]
  }
}

/** Setting up answers with pages alone. */
function pageOf(answer: StepAnswer): OwnAnswer {
  return answer.kind === 'page' ? answer : list
}
