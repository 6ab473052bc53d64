import type { Keyring } from '../../../../core/credential/keyring.js'
import type { AccountFactorStore, Enrolment, NewFactor } from '../../../../core/identity/account-factor-store.js'
import { recoverySetOf } from '../../../../core/identity/recovery-set.js'
import type { Clock } from '../../../../core/runtime/clock.js'
import type { Form } from '../../http/read-form.js'
import { renderEnrolmentPage, renderRecoveryCodesPage } from '../../page/account/factor-page.js'
import { qrCode } from '../../page/account/qr-code.js'
import type { StepAnswer, Submission } from '../interaction-step.js'
import type { CountedAttempt, SignInLimits } from '../sign-in-limits.js'
import { compact } from './code-check.js'
import { tooMany, type FactorVisit, type Trouble } from './factor-visit.js'
import type { Passkeys } from './passkeys.js'
import type { PendingFactors } from './pending-factors.js'
import { newRecoveryCodes, recoveryDigest } from './recovery-codes.js'
import { newTotpSecret, stepOf, totpBytes, totpUri } from './totp.js'

/** `not all ended`: it is added, and not all that was signed in without it could be ended. */
export type AddFactor = (at: FactorVisit, enrolment: Enrolment) => Promise<'added' | 'not all ended' | 'refused'>

export interface EnrolmentParts {
  readonly serverName: string
  /** What the button says that leads away from setting up. */
  readonly leave: 'Use another account' | 'Back'
  readonly factors: Pick<AccountFactorStore, 'keepRecoveryCodes' | 'replaceRecoveryCodes'>
  readonly add: AddFactor
  readonly pending: PendingFactors
  readonly passkeys: Passkeys
  readonly limits: SignInLimits
  readonly keyring: Keyring
  readonly clock: Clock
}

const wrongCode: Trouble = {
  status: 400,
  problem: 'This code is wrong. Check that the time of your device is right, and enter the code that it shows now.',
}
const wrongPasskey: Trouble = {
  status: 400,
  problem: 'This passkey could not be set up. Try again, or use an authenticator app.',
}
const otherCodes: Trouble = {
  status: 409,
  problem: 'Other recovery codes have taken the place of those that you were shown before. Keep these instead.',
}
const spentCodes: Trouble = {
  status: 409,
  problem:
    'Not all of the recovery codes that you were shown here are good any more: some were used, or you have got others since.',
}
const leftBehind: Trouble = {
  status: 200,
  problem: 'Not everything that was signed in with your password alone could be signed out. Tell an administrator.',
}
const tooLate: Trouble = { status: 400, problem: 'This could not be set up: there is another one by now.' }

/** Where somebody who has just proved who they are sets up a second factor. */
export class FactorEnrolment {
  readonly #parts: EnrolmentParts

  constructor(parts: EnrolmentParts) {
    this.#parts = parts
  }

  /** The same secret as long as this sign-in lasts: the page may be loaded again after it was scanned. Throws `UpstreamError`. */
  async show(at: FactorVisit, trouble?: Trouble): Promise<StepAnswer> {
    const { account, pending, standing, tenant, visit } = at
    const { leave, passkeys, serverName } = this.#parts
    const hasApp = standing.factors.some(({ kind }) => kind === 'totp')
    const secret = pending.secret ?? newTotpSecret()
    if (pending.secret === undefined) await this.#parts.pending.put(visit, { ...pending, secret })
    const owner = { visit, subject: pending.subject, passkeys: standing.passkeys }
    const page = renderEnrolmentPage({
      ...{
        serverName,
        leave,
        tenantName: tenant.name,
        email: account.email,
        csrf: visit.csrf,
        problem: trouble?.problem,
      },
      app: hasApp
        ? undefined
        : { secret, picture: qrCode(totpUri({ secret, email: account.email, issuer: serverName })) },
      passkeyOptions: passkeys.usable ? await passkeys.creationOptions(owner, account) : undefined,
    })
    return { kind: 'page', status: trouble?.status ?? 200, page, script: 'passkey', retryAfter: trouble?.retryAfter }
  }

  /** Throws `UpstreamError`. */
  async submit(at: FactorVisit, { form }: Pick<Submission, 'form'>): Promise<StepAnswer> {
    const action = form.get('action')
    if (action !== 'factor-enrol-code' && action !== 'factor-enrol-passkey') return this.show(at)
    const { account, tenant, visit } = at
    const admission = await this.#parts.limits.take({ visit, tenant, email: account.email }, 'signature')
    if (!admission.admitted) return this.show(at, tooMany(admission.wait))
    const isCode = action === 'factor-enrol-code'
    const factor = isCode
      ? this.#appIn(at, form.get('code') ?? '')
      : await this.#passkeyIn(at, form.get('credential') ?? '')
    if (factor === undefined) return this.show(at, isCode ? wrongCode : wrongPasskey)
    return this.#add(at, factor, admission.attempt)
  }

  /**
   * What there is to see once it is set up: new recovery codes, as often as this is asked for until their user says that they are
   * kept. An answer may get lost, and codes that nobody has seen are worth nothing. Throws `UpstreamError`.
   */
  async showDone({ account, standing, tenant, visit }: FactorVisit, trouble?: Trouble): Promise<StepAnswer> {
    const { factors, keyring, serverName } = this.#parts
    const codes = standing.recoveryCodes.kept === 'yes' ? [] : newRecoveryCodes()
    const digests = codes.map((code) => recoveryDigest(keyring, account.id, code))
    if (digests.length > 0)
      await factors.replaceRecoveryCodes(tenant, { id: account.id, origin: visit.caller }, digests)
    const page = renderRecoveryCodesPage({
      ...{ serverName, csrf: visit.csrf, codes, problem: trouble?.problem },
      set: codes.length === 0 ? undefined : recoverySetOf(digests),
    })
    return { kind: 'page', status: trouble?.status ?? 200, page }
  }

  /** `undefined` once the codes that this very form stood below are kept; else what there is to see instead. Throws `UpstreamError`. */
  async keep(at: FactorVisit, form: Form): Promise<StepAnswer | undefined> {
    const { account, standing, tenant } = at
    const set = form.get('codes')
    const isKept = standing.recoveryCodes.kept === 'yes'
    if (set === undefined && isKept) return undefined
    if (await this.#parts.factors.keepRecoveryCodes(tenant, account.id, set ?? '')) return undefined
    return this.showDone(at, isKept ? spentCodes : otherCodes)
  }

  #appIn({ pending }: FactorVisit, code: string): NewFactor | undefined {
    if (pending.secret === undefined) return undefined
    const secret = totpBytes(pending.secret)
    const step = stepOf(secret, compact(code), this.#parts.clock.now())
    return step === undefined ? undefined : { kind: 'totp', secret, step }
  }

  async #passkeyIn({ pending, standing, visit }: FactorVisit, credential: string): Promise<NewFactor | undefined> {
    const { passkeys } = this.#parts
    if (!passkeys.usable) return undefined
    const passkey = await passkeys.register(
      { visit, subject: pending.subject, passkeys: standing.passkeys },
      credential,
    )
    return passkey && { kind: 'passkey', ...passkey }
  }

  async #add(at: FactorVisit, factor: NewFactor, attempt: CountedAttempt): Promise<StepAnswer> {
    const { pending, visit } = at
    const as = pending.proved === 'nothing' ? 'first' : 'further'
    const added = await this.#parts.add(at, { factor, as })
    if (added === 'refused') return this.show(at, tooLate)
    const proved = factor.kind === 'totp' ? 'otp' : 'hwk'
    await this.#parts.pending.put(visit, { ...pending, stage: 'enrolled', proved, secret: undefined })
    await attempt.succeeded()
    return this.showDone(at, added === 'added' ? undefined : leftBehind)
  }
}
