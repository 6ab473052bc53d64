import type { AccountStore } from '../../../core/identity/account-store.js'
import type { PublicUrl } from '../http/public-url.js'
import type { PasswordHasher } from '../password-hasher.js'
import { FactorEnrolment } from '../sign-in/factor/factor-enrolment.js'
import type { FactorWays } from '../sign-in/factor/open-factor-step.js'
import type { SealedRecords } from '../record/sealed-records.js'
import type { SignInAudit } from '../sign-in/sign-in-audit.js'
import type { SignInLimits } from '../sign-in/sign-in-limits.js'
import type { SignedInParts } from '../sign-in/signed-in-browser.js'
import { addOwnFactor } from './add-own-factor.js'
import type { AccountSecurity } from './account-security.js'
import { OwnFactors } from './own-factors.js'
import { OwnFactorsHandler } from './own-factors-handler.js'
import { PasswordProof } from './password-proof.js'

interface Needs {
  readonly accounts: AccountStore
  readonly hasher: PasswordHasher
  readonly security: AccountSecurity | 'absent'
}

interface Shared extends SignedInParts {
  readonly url: PublicUrl
  readonly limits: SignInLimits
  readonly audit: SignInAudit
  readonly records: SealedRecords
  readonly ways: FactorWays | undefined
}

/** Composes the page of one's own second factors; `undefined` where there are none. */
export function openOwnFactors(
  { accounts, hasher, security }: Needs,
  { audit, limits, records, ways, ...shared }: Shared,
): OwnFactorsHandler | undefined {
  if (security === 'absent' || ways === undefined) return undefined
  const enrolment = new FactorEnrolment({ ...ways, add: addOwnFactor(security), limits, leave: 'Back' })
  const password = new PasswordProof({ accounts, hasher, limits, refusing: shared.refusing })
  const keyOf = (id: string): string => records.keyOf('Session', id)
  const own = new OwnFactors({ ...ways, keyOf, enrolment, password, limits, audit, sessions: security.sessions })
  return new OwnFactorsHandler({ ...shared, serverName: ways.serverName, own })
}
