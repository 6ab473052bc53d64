import type { FactorStanding } from '../../../../core/identity/account-factor-store.js'
import type { Principal } from '../account-directory.js'
import type { ProofVisit } from '../interaction-step.js'
import type { PendingFactor } from './pending-factors.js'

/** Where somebody is after the password, with what is on record of the account now. */
export interface FactorVisit<Page extends ProofVisit = ProofVisit> extends Principal {
  readonly visit: Page
  readonly pending: PendingFactor
  readonly standing: FactorStanding
}

/** Who has proved nothing yet sets up the first factor, and no other: one that is there by now is asked for. */
export function stageNow({ proved, stage }: PendingFactor, { factors }: FactorStanding): PendingFactor['stage'] {
  if (proved !== 'nothing') return stage
  return factors.length === 0 ? 'enrol' : 'prove'
}

/** Why a page is shown again. */
export interface Trouble {
  readonly status: number
  readonly problem: string
  readonly retryAfter?: number
}

/** Too many forms; seconds to wait. */
export function tooMany(wait: number): Trouble {
  return { status: 429, problem: `Too many attempts. Try again in ${Math.ceil(wait / 60)} min.`, retryAfter: wait }
}
