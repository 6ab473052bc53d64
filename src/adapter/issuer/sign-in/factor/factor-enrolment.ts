import type { Keyring } from '../../../../core/credential/keyring.js'
import type { AccountFactorStore, NewFactor } from '../../../../core/identity/account-factor-store.js'
import type { Clock } from '../../../../core/runtime/clock.js'
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

export interface EnrolmentParts {
  readonly serverName: string
  /** What the button says that leads away from setting up. */
  readonly leave: 'Use another account' | 'Back'
  readonly factors: AccountFactorStore
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
  async showDone({ account, standing, tenant, visit }: FactorVisit): Promise<StepAnswer> {
    const { factors, keyring, serverName } = this.#parts
    const codes = standing.recoveryCodes.kept === 'yes' ? [] : newRecoveryCodes()
    const digests = codes.map((code) => recoveryDigest(keyring, account.id, code))
    if (digests.length > 0) await factors.replaceRecoveryCodes(tenant, account.id, digests)
    return { kind: 'page', status: 200, page: renderRecoveryCodesPage({ serverName, csrf: visit.csrf, codes }) }
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
    const { account, pending, tenant, visit } = at
    const { factors } = this.#parts
    const as = pending.proved === 'nothing' ? 'first' : 'further'
    if (!(await factors.add(tenant, account.id, { factor, as }))) return this.show(at, tooLate)
    const proved = factor.kind === 'totp' ? 'otp' : 'hwk'
    await this.#parts.pending.put(visit, { ...pending, stage: 'enrolled', proved, secret: undefined })
    await attempt.succeeded(account)
    return this.showDone(at)
  }
}
