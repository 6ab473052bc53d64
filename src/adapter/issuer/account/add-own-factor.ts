import { changeSecurity } from '../../../core/identity/change-security.js'
import { OtherSessions } from '../../../core/identity/other-sessions.js'
import type { AddFactor } from '../sign-in/factor/factor-enrolment.js'
import type { AccountSecurity } from './account-security.js'

/** Adds a factor by its user's own wish. With the first one, all that is signed in by a password alone ends, but for this browser. */
export function addOwnFactor({ factors, sessions }: Pick<AccountSecurity, 'factors' | 'sessions'>): AddFactor {
  return async ({ account, tenant, visit }, enrolment) => {
    const own = { id: account.id, origin: visit.caller }
    const add = (): Promise<boolean> => factors.add(tenant, own, enrolment)
    if (enrolment.as === 'further') return (await add()) ? 'added' : 'refused'
    const others = new OtherSessions(sessions, { kind: 'browser', key: visit.session ?? '' })
    const scope = { tenant, accounts: [account.id], wasMade: (added: boolean) => added }
    const changed = await changeSecurity(others, scope, add)
    if (!changed.value) return 'refused'
    return changed.sessions === 'ended' ? 'added' : 'not all ended'
  }
}
