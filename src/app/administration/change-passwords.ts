import type { Change } from '../../core/administration/change.js'
import type { PasswordRule } from '../../core/federation/provider/password-rules.js'
import { refuseFaults, type Agree } from './change-tenant.js'
import { RefusedError } from '../refused-error.js'
import type { EndedSessions } from '../sessions/sessions-left.js'
import { withTenant, type TenantPlace } from './with-tenant.js'

/** What was changed, and what ended with it. */
export interface ChangedPasswords {
  readonly changes: readonly Change[]
  /** `undefined` where passwords let users in: nobody was signed out. */
  readonly sessions?: EndedSessions
}

/** Whether passwords let users of the tenant in. Throws `RefusedError` for one that is not there. */
export async function showPasswords(place: TenantPlace): Promise<PasswordRule> {
  return withTenant(place, async ({ postgres, tenant }) => {
    return (await postgres.federation.passwords.refusing()).has(tenant.id) ? 'refused' : 'accepted'
  })
}

/**
 * Says whether they do. Where they do not any more, everybody is signed out: how somebody came in is not known of every session. Throws
 * `RefusedError` where nobody could get in, `UpstreamError` also where not all of them could be ended.
 */
export async function changePasswords(place: TenantPlace, rule: PasswordRule, agree: Agree): Promise<ChangedPasswords> {
  return withTenant(place, async ({ by, postgres, sessions, tenant }) => {
    if (rule === 'refused') {
      const fault = await postgres.federation.passwords.refusalFault(tenant)
      if (fault !== undefined) throw new RefusedError(fault)
      const accounts = await postgres.tenantAdministration.accounts(tenant)
      const left = accounts.filter(({ identities, status }) => status === 'active' && identities.length === 0).length
      await agree([
        `passwords would let nobody in to ${tenant.slug} any more, and everybody who is signed in would be signed out`,
        ...(left > 0
          ? [`${left} of its accounts could not sign in before they are linked (authsec account identity add)`]
          : []),
      ])
    }
    const outcome = await postgres.federation.passwords.set(tenant, rule, by)
    refuseFaults(outcome)
    const { changes } = outcome
    if (rule !== 'refused') return { changes }
    const { length: ended } = await sessions.end({ tenant, owners: undefined, application: undefined })
    return { changes, sessions: { ended, left: undefined } }
  })
}
