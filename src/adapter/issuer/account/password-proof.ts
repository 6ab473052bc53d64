import type { AccountStore } from '../../../core/identity/account-store.js'
import { CrowdedError, crowdedSeconds, orCrowded } from '../password/crowded-error.js'
import type { PasswordHasher } from '../password-hasher.js'
import { tooMany, type FactorVisit, type Trouble } from '../sign-in/factor/factor-visit.js'
import type { SignInLimits } from '../sign-in/sign-in-limits.js'

export interface PasswordProofParts {
  readonly accounts: Pick<AccountStore, 'findPasswordHash'>
  readonly hasher: PasswordHasher
  readonly limits: SignInLimits
}

const wrong: Trouble = { status: 401, problem: 'This password is wrong.' }
/** The form with which somebody who is signed in shows the password of the account again. */
export class PasswordProof {
  readonly #parts: PasswordProofParts

  constructor(parts: PasswordProofParts) {
    this.#parts = parts
  }

  /** Whether there is a password to show. Throws `UpstreamError`. */
  async isPossible({ account, tenant }: Pick<FactorVisit, 'account' | 'tenant'>): Promise<boolean> {
    return (await this.#parts.accounts.findPasswordHash(tenant, account.id)) !== undefined
  }

  /** `undefined` where it is right, else why it proves nothing: counted as at a sign-in. Throws `UpstreamError`. */
  async submit({ account, tenant, visit }: FactorVisit, password: string): Promise<Trouble | undefined> {
    const { accounts, hasher, limits } = this.#parts
    const admission = await limits.take({ visit, tenant, email: account.email })
    if (!admission.admitted) return tooMany(admission.wait)
    const { attempt } = admission
    const stored = await accounts.findPasswordHash(tenant, account.id)
    const matches = await orCrowded(hasher.verify(password, stored, attempt.claim))
    if (matches instanceof CrowdedError) {
      await attempt.withdrawn()
      return { status: 429, problem: matches.problem, retryAfter: crowdedSeconds }
    }
    if (!matches) return wrong
    await attempt.succeeded(account)
    return undefined
  }
}
