import type { Keyring } from '../../../../core/credential/keyring.js'
import type { Application } from '../../../../core/identity/application.js'
import type { Clock } from '../../../../core/runtime/clock.js'
import type { AccountSecurity } from '../../account/account-security.js'
import type { PublicUrl } from '../../http/public-url.js'
import type { SealedRecords } from '../../record/sealed-records.js'
import type { AccountDirectory } from '../account-directory.js'
import type { SignInAudit } from '../sign-in-audit.js'
import type { SignInLimits } from '../sign-in-limits.js'
import { CodeCheck } from './code-check.js'
import { FactorEnrolment, type AddFactor } from './factor-enrolment.js'
import { FactorProof } from './factor-proof.js'
import { FactorStep } from './factor-step.js'
import { Passkeys } from './passkeys.js'
import { PendingFactors } from './pending-factors.js'

interface Shared {
  readonly url: PublicUrl
  readonly records: SealedRecords
  readonly directory: AccountDirectory
  readonly limits: SignInLimits
  readonly audit: SignInAudit
}

interface Needs {
  readonly application: Application
  readonly security: AccountSecurity | 'absent'
  readonly keyring: Keyring
  readonly clock: Clock
}

/** What proving and setting up is done with, in a sign-in and on a page of one's own. */
export interface FactorWays {
  readonly serverName: string
  readonly factors: AccountSecurity['factors']
  readonly pending: PendingFactors
  readonly passkeys: Passkeys
  readonly proof: FactorProof
  readonly keyring: Keyring
  readonly clock: Clock
}

/** Composes the ways to prove a second factor; `undefined` where there are none. */
export function openFactorWays(
  { application, clock, keyring, security }: Needs,
  { limits, records, url }: Pick<Shared, 'limits' | 'records' | 'url'>,
): FactorWays | undefined {
  if (security === 'absent') return undefined
  const { factors } = security
  const { name: serverName } = application
  const passkeys = new Passkeys({ url, serverName, records })
  const proof = new FactorProof({ factors, passkeys, limits, codes: new CodeCheck({ factors, keyring, clock }) })
  return { serverName, factors, pending: new PendingFactors(records), passkeys, proof, keyring, clock }
}

/** Composes the step after the password. */
export function openFactorStep(ways: FactorWays, shared: Omit<Shared, 'records' | 'url'>): FactorStep {
  // Only where one is demanded: nothing by a password alone stands there any more.
  const add: AddFactor = async ({ account, tenant, visit }, enrolment) =>
    (await ways.factors.add(tenant, { id: account.id, origin: visit.caller }, enrolment)) ? 'added' : 'refused'
  const enrolment = new FactorEnrolment({ ...ways, add, limits: shared.limits, leave: 'Use another account' })
  return new FactorStep({ ...ways, ...shared, enrolment })
}
