import type { FactorStanding } from '../../../../core/identity/account-factor-store.js'
import type { Principal } from '../account-directory.js'
import type { Visit } from '../interaction-step.js'
import type { PendingFactor } from './pending-factors.js'

/** Where a sign-in is after the password, with what is on record of the account now. */
export interface FactorVisit extends Principal {
  readonly visit: Visit
  readonly pending: PendingFactor
  readonly standing: FactorStanding
}

/** Who has proved nothing yet sets up the first factor, and no other: one that is there by now is asked for. */
export function stageNow({ proved, stage }: PendingFactor, { factors }: FactorStanding): PendingFactor['stage'] {
  if (proved !== 'nothing') return stage
  return factors.length === 0 ? 'enrol' : 'prove'
}
