import type { AccountStore } from '../../../core/identity/account-store.js'
import { CrowdedError, crowdedSeconds, orCrowded } from '../password/crowded-error.js'
import type { PasswordHasher } from '../password-hasher.js'
import { tooMany, type FactorVisit, type Trouble } from '../sign-in/factor/factor-visit.js'
import type { SignInLimits } from '../sign-in/sign-in-limits.js'

export interface PasswordProofParts {
  readonly accounts: Pick<AccountStore, 'findPasswordHash'>
  readonly hasher: PasswordHasher
  readonly limits: SignInLimits
  /** UUIDs of the tenants where no password lets anybody in. */
  readonly refusing: () => Promise<ReadonlySet<string>>
}

/** Why a password proves nothing, for the page and for the record. */
export interface PasswordRefusal {
  readonly trouble: Trouble
  readonly reason: 'limited' | 'invalid' | 'passwords_refused'
}

const wrong: Trouble = { status: 401, problem: 'This password is wrong.' }
const refused: Trouble = { status: 403, problem: 'Passwords are of no use here any more.' }

/** The form with which somebody who is signed in shows the password of the account again. */
export class PasswordProof {
  readonly #parts: PasswordProofParts

  constructor(parts: PasswordProofParts) {
    this.#parts = parts
  }

  /** Whether there is a password to show, and one would let its user in. Throws `UpstreamError`. */
  async possible({ account, tenant }: Pick<FactorVisit, 'account' | 'tenant'>): Promise<'yes' | 'absent' | 'refused'> {
    if ((await this.#parts.refusing()).has(tenant.id)) return 'refused'
    const stored = await this.#parts.accounts.findPasswordHash(tenant, account.id)
    return stored === undefined ? 'absent' : 'yes'
  }

  /** `undefined` where it is right, else why it proves nothing: counted as at a sign-in. Throws `UpstreamError`. */
  async submit({ account, tenant, visit }: FactorVisit, password: string): Promise<PasswordRefusal | undefined> {
    const { accounts, hasher, limits, refusing } = this.#parts
    const admission = await limits.take({ visit, tenant, email: account.email })
    if (!admission.admitted) return { trouble: tooMany(admission.wait), reason: 'limited' }
    const { attempt } = admission
    const stored = await accounts.findPasswordHash(tenant, account.id)
    const matches = await orCrowded(hasher.verify(password, stored, attempt.claim))
    if (matches instanceof CrowdedError) {
      await attempt.withdrawn()
      return { trouble: { status: 429, problem: matches.problem, retryAfter: crowdedSeconds }, reason: 'limited' }
    }
    if (!matches) return { trouble: wrong, reason: 'invalid' }
    if ((await refusing()).has(tenant.id)) return { trouble: refused, reason: 'passwords_refused' }
    await attempt.succeeded()
    return undefined
  }
}
