import { UpstreamError } from '../../../core/error/upstream-error.js'
import type { AccountStore } from '../../../core/identity/account-store.js'
import type { PasswordHasher } from '../password-hasher.js'
import { tooMany, type FactorVisit, type Trouble } from '../sign-in/factor/factor-visit.js'
import type { SignInLimits } from '../sign-in/sign-in-limits.js'

export interface PasswordProofParts {
  readonly accounts: Pick<AccountStore, 'findPasswordHash'>
  readonly hasher: PasswordHasher
  readonly limits: SignInLimits
}

const wrong: Trouble = { status: 401, problem: 'This password is wrong.' }
const overloaded: Trouble = {
  ...{ status: 429, retryAfter: 5 },
  problem: 'Many people are signing in right now. Try again in a few seconds.',
}

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
    try {
      if (!(await hasher.verify(password, await accounts.findPasswordHash(tenant, account.id)))) return wrong
    } catch (error) {
      if (!(error instanceof UpstreamError) || error.outage !== 'OVERLOADED') throw error
      await attempt.withdrawn()
      return overloaded
    }
    await attempt.succeeded()
    return undefined
  }
}
