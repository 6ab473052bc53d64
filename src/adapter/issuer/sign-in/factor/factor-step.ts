import type { AccountFactorStore } from '../../../../core/identity/account-factor-store.js'
import type { Account } from '../../../../core/identity/account-store.js'
import type { Tenant } from '../../../../core/identity/tenant.js'
import type { Form } from '../../http/read-form.js'
import { renderFactorPage } from '../../page/account/factor-page.js'
import { renderErrorPage } from '../../page/error-page.js'
import type { AccountDirectory } from '../account-directory.js'
import { completeSignIn } from '../complete-sign-in.js'
import type { StepAnswer, Submission, Visit } from '../interaction-step.js'
import { formatSubject } from '../issuer-subject.js'
import type { SignInLimits } from '../sign-in-limits.js'
import type { SignInAudit } from '../sign-in-audit.js'
import type { FactorEnrolment } from './factor-enrolment.js'
import type { FactorProof } from './factor-proof.js'
import { stageNow, type FactorVisit, type Trouble } from './factor-visit.js'
import type { Passkeys } from './passkeys.js'
import type { PendingFactor, PendingFactors } from './pending-factors.js'

export interface FactorParts {
  readonly serverName: string
  readonly directory: AccountDirectory
  readonly factors: AccountFactorStore
  readonly pending: PendingFactors
  readonly proof: FactorProof
  readonly passkeys: Passkeys
  readonly enrolment: FactorEnrolment
  readonly limits: Pick<SignInLimits, 'step'>
  readonly audit: SignInAudit
}

type SignInVisit = FactorVisit<Visit>

/**
 * What comes after the password of an account that has a second factor, or may not do without: a step of its own, whose
 * state is in the database. A right password alone leads here and nowhere else.
 */
export class FactorStep {
  readonly #parts: FactorParts

  constructor(parts: FactorParts) {
    this.#parts = parts
  }

  /** The page to go on with after a right password; `undefined` where the password is enough. Throws `UpstreamError`. */
  async ask(visit: Visit, tenant: Tenant, account: Account): Promise<StepAnswer | undefined> {
    const standing = await this.#parts.factors.standing(tenant, account.id)
    if (standing.factors.length === 0 && standing.demand === 'optional') {
      await this.#parts.pending.drop(visit)
      return undefined
    }
    const stage = standing.factors.length === 0 ? 'enrol' : 'prove'
    const subject = formatSubject(tenant, account)
    const pending: PendingFactor = { subject, stage, proved: 'nothing', secret: undefined }
    await this.#parts.pending.put(visit, pending)
    return this.#page({ visit, tenant, account, pending, standing })
  }

  /** The page where this sign-in is; `undefined` before its password was right. Throws `UpstreamError`. */
  async show(visit: Visit): Promise<StepAnswer | undefined> {
    const at = await this.#find(visit)
    return at && ((await this.#slowed(visit)) ?? this.#page(at))
  }

  /** What a form of these pages is answered with; `undefined` where the sign-in begins again. Throws `UpstreamError`. */
  async submit(submission: Submission): Promise<StepAnswer | undefined> {
    const at = await this.#find(submission)
    if (at === undefined) return undefined
    const slowed = await this.#slowed(submission)
    if (slowed !== undefined) return slowed
    const action = submission.form.get('action')
    if (action === 'factor-restart') {
      await this.#parts.pending.drop(submission)
      return undefined
    }
    const { stage } = at.pending
    if (stage === 'prove') return this.#prove(at, submission)
    if (stage === 'enrol') return this.#parts.enrolment.submit(at, submission)
    return stage === 'enrolled' && action === 'factor-done' ? this.#done(at, submission.form) : this.#page(at)
  }

  async #slowed(visit: Visit): Promise<StepAnswer | undefined> {
    const wait = await this.#parts.limits.step(visit)
    if (wait === undefined) return undefined
    const message = 'There were too many attempts in this sign-in. Go back to the application and start again.'
    const page = renderErrorPage({ serverName: this.#parts.serverName, title: 'Start again', message })
    return { kind: 'page', status: 429, page, retryAfter: wait }
  }

  /** The account is read again each time: it may be disabled, and what it has may have changed. */
  async #find(visit: Visit): Promise<SignInVisit | undefined> {
    const { directory, factors } = this.#parts
    const found = await this.#parts.pending.find(visit)
    const principal = found && (await directory.find(found.subject))
    if (found === undefined || principal === undefined) return undefined
    const standing = await factors.standing(principal.tenant, principal.account.id)
    return { ...principal, visit, standing, pending: { ...found, stage: stageNow(found, standing) } }
  }

  async #prove(at: SignInVisit, { form }: Submission): Promise<StepAnswer> {
    const answer = await this.#parts.proof.submit(at, form)
    if (answer === undefined) return this.#page(at)
    if (answer.proved !== 'nothing') return this.#proved(at, form.get('another'), answer.proved)
    this.#failed(at, answer.reason)
    return this.#page(at, answer.trouble)
  }

  async #proved(at: SignInVisit, another: string | undefined, proved: 'otp' | 'hwk'): Promise<StepAnswer> {
    const standing = await this.#parts.factors.standing(at.tenant, at.account.id)
    const hasCodes = standing.recoveryCodes.kept === 'yes'
    if (another !== 'yes' && hasCodes) return this.#complete(at, proved)
    const pending: PendingFactor = { ...at.pending, stage: another === 'yes' ? 'enrol' : 'enrolled', proved }
    await this.#parts.pending.put(at.visit, pending)
    return this.#page({ ...at, standing, pending })
  }

  /** Who goes on from the page with the recovery codes has seen them. */
  async #done(at: SignInVisit, form: Form): Promise<StepAnswer> {
    return (await this.#parts.enrolment.keep(at, form)) ?? this.#complete(at, at.pending.proved)
  }

  async #complete({ account, tenant, visit }: SignInVisit, proved: PendingFactor['proved']): Promise<StepAnswer> {
    if (proved === 'nothing') throw new TypeError('nothing was proved besides the password')
    const methods = ['pwd', proved, 'mfa']
    const answer = await completeSignIn(this.#parts.audit, visit, { tenant, account, methods })
    await this.#parts.pending.drop(visit)
    return answer
  }

  async #page(at: SignInVisit, trouble?: Trouble): Promise<StepAnswer> {
    const { account, pending, standing, tenant, visit } = at
    if (pending.stage === 'enrol') return this.#parts.enrolment.show(at)
    if (pending.stage === 'enrolled') return this.#parts.enrolment.showDone(at)
    const { passkeys, serverName } = this.#parts
    const hasPasskey = passkeys.usable && standing.passkeys.length > 0
    const owner = { visit, subject: pending.subject, passkeys: standing.passkeys }
    const page = renderFactorPage({
      ...{ serverName, tenantName: tenant.name, email: account.email, csrf: visit.csrf },
      app: standing.factors.some(({ kind }) => kind === 'totp') ? 'enrolled' : 'absent',
      passkeyOptions: hasPasskey ? await passkeys.requestOptions(owner) : undefined,
      problem: trouble?.problem,
    })
    return { kind: 'page', status: trouble?.status ?? 200, page, retryAfter: trouble?.retryAfter, script: 'passkey' }
  }

  #failed({ account, tenant, visit: { caller, interaction } }: SignInVisit, reason: string): void {
    this.#parts.audit.count({ type: 'signin.failed', interaction, tenant, subject: account.id, caller, reason })
  }
}
