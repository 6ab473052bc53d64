import type { AccountFactorStore } from '../../../../core/identity/account-factor-store.js'
import type { Form } from '../../http/read-form.js'
import type { SignInLimits } from '../sign-in-limits.js'
import type { CodeCheck } from './code-check.js'
import { tooMany, type FactorVisit, type Trouble } from './factor-visit.js'
import type { Passkeys } from './passkeys.js'

export interface FactorProofParts {
  readonly factors: AccountFactorStore
  readonly codes: CodeCheck
  readonly passkeys: Passkeys
  readonly limits: SignInLimits
}

/** What a form proved, or why it proved nothing, for the page and for the record. */
export type ProofAnswer =
  | { readonly proved: 'otp' | 'hwk' }
  | { readonly proved: 'nothing'; readonly trouble: Trouble; readonly reason: 'limited' | 'factor_invalid' }

const wrongCode: Trouble = { status: 401, problem: 'This code is wrong, or was used already.' }
const wrongPasskey: Trouble = { status: 401, problem: 'This passkey was not accepted. Try again, or use another way.' }

/** The forms with which somebody shows a second factor that is set up. */
export class FactorProof {
  readonly #parts: FactorProofParts

  constructor(parts: FactorProofParts) {
    this.#parts = parts
  }

  /** `undefined` for a form that is none of these. Throws `UpstreamError`. */
  async submit(at: FactorVisit, form: Form): Promise<ProofAnswer | undefined> {
    const action = form.get('action')
    if (action === 'factor-code') return this.#code(at, form.get('code') ?? '')
    return action === 'factor-passkey' ? this.#passkey(at, form.get('credential') ?? '') : undefined
  }

  async #code({ account, tenant, visit }: FactorVisit, code: string): Promise<ProofAnswer> {
    const admission = await this.#parts.limits.take({ visit, tenant, email: account.email }, 'code')
    if (!admission.admitted) return limited(admission.wait)
    const own = { id: account.id, origin: visit.caller }
    if (!(await this.#parts.codes.proves(tenant, own, code))) return wrong(wrongCode)
    await admission.attempt.succeeded()
    return { proved: 'otp' }
  }

  async #passkey({ account, pending, standing, tenant, visit }: FactorVisit, text: string): Promise<ProofAnswer> {
    const { factors, limits, passkeys } = this.#parts
    const admission = await limits.take({ visit, tenant, email: account.email }, 'signature')
    if (!admission.admitted) return limited(admission.wait)
    const owner = { visit, subject: pending.subject, passkeys: standing.passkeys }
    const signed = passkeys.usable ? await passkeys.verify(owner, text) : undefined
    if (signed === undefined || !(await factors.useCount(tenant, account.id, signed))) return wrong(wrongPasskey)
    await admission.attempt.succeeded()
    return { proved: 'hwk' }
  }
}

function limited(wait: number): ProofAnswer {
  return { proved: 'nothing', trouble: tooMany(wait), reason: 'limited' }
}

function wrong(trouble: Trouble): ProofAnswer {
  return { proved: 'nothing', trouble, reason: 'factor_invalid' }
}
