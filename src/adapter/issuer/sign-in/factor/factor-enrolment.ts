import type { Keyring } from '../../../../core/credential/keyring.js'
import type { AccountFactorStore, NewFactor } from '../../../../core/identity/account-factor-store.js'
import type { Clock } from '../../../../core/runtime/clock.js'
import { renderEnrolmentPage, renderRecoveryCodesPage } from '../../page/account/factor-page.js'
import { qrCode } from '../../page/account/qr-code.js'
import type { StepAnswer, Submission } from '../interaction-step.js'
import type { SignInLimits } from '../sign-in-limits.js'
import { compact } from './code-check.js'
import type { FactorVisit } from './factor-visit.js'
import type { Passkeys } from './passkeys.js'
import type { PendingFactors } from './pending-factors.js'
import { newRecoveryCodes, recoveryDigest } from './recovery-codes.js'
import { newTotpSecret, stepOf, totpBytes, totpUri } from './totp.js'

export interface EnrolmentParts {
  readonly serverName: string
  readonly factors: AccountFactorStore
  readonly pending: PendingFactors
  readonly passkeys: Passkeys
  readonly limits: SignInLimits
  readonly keyring: Keyring
  readonly clock: Clock
}

const wrongCode =
  'This code is wrong. Check that the time of your device is right, and enter the code that it shows now.'
const wrongPasskey = 'This passkey could not be set up. Try again, or use an authenticator app.'
const tooLate = 'This could not be set up: there is another one by now.'

/** Where somebody who has just proved who they are sets up a second factor. */
export class FactorEnrolment {
  readonly #parts: EnrolmentParts

  constructor(parts: EnrolmentParts) {
    this.#parts = parts
  }

  /** The same secret as long as this sign-in lasts: the page may be loaded again after it was scanned. Throws `UpstreamError`. */
  async show(at: FactorVisit, problem?: string): Promise<StepAnswer> {
    const { account, pending, standing, tenant, visit } = at
    const { passkeys, serverName } = this.#parts
    const hasApp = standing.factors.some(({ kind }) => kind === 'totp')
    const secret = pending.secret ?? newTotpSecret()
    if (pending.secret === undefined) await this.#parts.pending.put(visit, { ...pending, secret })
    const owner = { visit, subject: pending.subject, passkeys: standing.passkeys }
    const page = renderEnrolmentPage({
      ...{ serverName, tenantName: tenant.name, email: account.email, csrf: visit.csrf, problem },
      app: hasApp
        ? undefined
        : { secret, picture: qrCode(totpUri({ secret, email: account.email, issuer: serverName })) },
      passkeyOptions: passkeys.usable ? await passkeys.creationOptions(owner, account) : undefined,
    })
    return { kind: 'page', status: problem === undefined ? 200 : 400, page, script: 'passkey' }
  }

  /** Throws `UpstreamError`. */
  async submit(at: FactorVisit, { form }: Submission): Promise<StepAnswer> {
    const action = form.get('action')
    if (action === 'factor-enrol-code') {
      const factor = this.#appIn(at, form.get('code') ?? '')
      return factor === undefined ? this.show(at, wrongCode) : this.#add(at, factor)
    }
    if (action !== 'factor-enrol-passkey') return this.show(at)
    const { passkeys } = this.#parts
    const owner = { visit: at.visit, subject: at.pending.subject, passkeys: at.standing.passkeys }
    const passkey = passkeys.usable ? await passkeys.register(owner, form.get('credential') ?? '') : undefined
    return passkey === undefined ? this.show(at, wrongPasskey) : this.#add(at, { kind: 'passkey', ...passkey })
  }

  /** What there is to see once it is set up: the codes were shown before. */
  showDone({ visit }: FactorVisit, codes: readonly string[] = []): StepAnswer {
    const { serverName } = this.#parts
    return { kind: 'page', status: 200, page: renderRecoveryCodesPage({ serverName, csrf: visit.csrf, codes }) }
  }

  #appIn({ pending }: FactorVisit, code: string): NewFactor | undefined {
    if (pending.secret === undefined) return undefined
    const secret = totpBytes(pending.secret)
    const step = stepOf(secret, compact(code), this.#parts.clock.now())
    return step === undefined ? undefined : { kind: 'totp', secret, step }
  }

  /** Who sets up the first one gets recovery codes with it. */
  async #add(at: FactorVisit, factor: NewFactor): Promise<StepAnswer> {
    const { account, pending, tenant, visit } = at
    const { factors, keyring, limits } = this.#parts
    const isFirst = pending.proved === 'nothing'
    const codes = isFirst ? newRecoveryCodes() : []
    const recoveryCodes = isFirst ? codes.map((code) => recoveryDigest(keyring, account.id, code)) : undefined
    const as = isFirst ? 'first' : 'further'
    if (!(await factors.add(tenant, account.id, { factor, recoveryCodes, as }))) return this.show(at, tooLate)
    const proved = factor.kind === 'totp' ? 'otp' : 'hwk'
    await this.#parts.pending.put(visit, { ...pending, stage: 'enrolled', proved, secret: undefined })
    await limits.know({ visit, tenant, email: account.email })
    return this.showDone(at, codes)
  }
}
