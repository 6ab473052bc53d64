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
import { FactorEnrolment } from './factor-enrolment.js'
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

/** Composes the step after the password; `undefined` where there are no second factors. */
export function openFactorStep(
  { application, clock, keyring, security }: Needs,
  shared: Shared,
): FactorStep | undefined {
  if (security === 'absent') return undefined
  const { factors } = security
  const { name: serverName } = application
  const { records, url } = shared
  const pending = new PendingFactors(records)
  const passkeys = new Passkeys({ url, serverName, records })
  const common = { ...shared, serverName, factors, pending, passkeys, keyring, clock }
  return new FactorStep({ ...common, codes: new CodeCheck(common), enrolment: new FactorEnrolment(common) })
}
