import type { Keyring } from '../../../../core/credential/keyring.js'
import type { AccountFactorStore, OwnAccount } from '../../../../core/identity/account-factor-store.js'
import type { Tenant } from '../../../../core/identity/tenant.js'
import type { Clock } from '../../../../core/runtime/clock.js'
import { recoveryDigest } from './recovery-codes.js'
import { stepOf } from './totp.js'

export interface CodeCheckParts {
  readonly factors: AccountFactorStore
  readonly keyring: Keyring
  readonly clock: Clock
}

/** Codes of authenticator apps and recovery codes, each good once. */
export class CodeCheck {
  readonly #parts: CodeCheckParts

  constructor(parts: CodeCheckParts) {
    this.#parts = parts
  }

  /** Whether the code is the account's, and nobody was faster to use it. Throws `UpstreamError`. */
  async proves(tenant: Tenant, own: OwnAccount, given: string): Promise<boolean> {
    const { factors, keyring } = this.#parts
    const code = compact(given)
    if (/^\d{6}$/.test(code)) return this.#isOfApp(tenant, own.id, code)
    return factors.useRecoveryCode(tenant, own, recoveryDigest(keyring, own.id, code))
  }

  async #isOfApp(tenant: Tenant, accountId: string, code: string): Promise<boolean> {
    const { clock, factors } = this.#parts
    const app = await factors.findTotp(tenant, accountId)
    const step = app && stepOf(app.secret, code, clock.now())
    return app !== undefined && step !== undefined && factors.useStep(tenant, app.id, step)
  }
}

/** A code as it is meant, whatever spaces it was typed with. */
export function compact(code: string): string {
  return code.replace(/[\s-]/g, '')
}
