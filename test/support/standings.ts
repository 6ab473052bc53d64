import { noCatalogue, type StoredAccount, type StoredStanding } from '../../src/core/permission/standing.js'

/** What a database says of an account that it has, or has not, where grants are assigned and nobody signs up. */
export function standingOf(account: StoredAccount | undefined, changes: Partial<StoredStanding> = {}): StoredStanding {
  return {
    account,
    source: 'assigned',
    signUp: { admits: 'nobody' },
    catalogue: noCatalogue,
    policyVersion: '1',
    ...changes,
  }
}
