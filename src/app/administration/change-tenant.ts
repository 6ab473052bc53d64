import type { Change } from '../../core/administration/change.js'
import type { Outcome } from '../../core/administration/tenant-administration.js'
import type { Wish } from '../../core/administration/wish.js'
import { changeSecurity } from '../../core/identity/change-security.js'
import type { Tenant } from '../../core/identity/tenant.js'
import { RefusedError } from '../refused-error.js'
import { followConnections } from '../services/follow-connections.js'
import { endedSessions, type EndedSessions } from '../sessions/sessions-left.js'
import { consequencesOf } from './consequences.js'
import { identityWarnings } from './identity-warnings.js'
import { prepareFarewell } from './tell-clients.js'
import { withTenant, type Installation, type TenantPlace } from './with-tenant.js'

/** What was changed in a tenant. */
export interface TenantChanges {
  /** Slug. */
  readonly tenant: string
  readonly changes: readonly Change[]
  /** Why some of it may be of no use yet, a sentence each. */
  readonly warnings: readonly string[]
  /** `undefined` where nothing changed that anybody proves themselves with. */
  readonly sessions: EndedSessions | undefined
}

/** Gets the consent of whoever asked, or throws `RefusedError`. */
export type Agree = (consequences: readonly string[]) => Promise<void>

/**
 * Meets all the wishes, or none; what others would feel needs consent first. Whatever rests on a password or an identity that is
 * another one afterwards ends. Throws `RefusedError` with everything that is in the way.
 */
export async function changeTenant(place: TenantPlace, wishes: readonly Wish[], agree: Agree): Promise<TenantChanges> {
  return withTenant(place, async (work) => {
    const { by, postgres, sessions, tenant } = work
    const { slug } = tenant
    const administration = postgres.tenantAdministration
    const rehearsal = await administration.rehearse(tenant, wishes)
    refuseFaults(rehearsal)
    const consequences = await consequencesOf({ administration, tenant, wishes })
    if (consequences.length > 0) await agree(consequences)
    const warnings = await identityWarnings({ env: place.env, postgres, tenant: slug, wishes })
    const concerned = wishes.flatMap((wish, at) => (rehearsal.changes[at]?.action === 'changed' ? proofsOf(wish) : []))
    const scope = { tenant, accounts: await idsOf(postgres, tenant, concerned) }
    const destroyTokens = wishes.some(isRemoval) ? await followConnections(work) : undefined
    const tellClients = await prepareFarewell({ env: place.env, postgres, tenant, wishes })
    const { value: changes, ...ending } = await changeSecurity(sessions, scope, async () => {
      const outcome = await administration.apply(tenant, wishes, by)
      refuseFaults(outcome)
      return outcome.changes
    })
    await tellClients()
    const ended = concerned.length === 0 ? undefined : endedSessions(ending, { tenant: slug, users: concerned })
    const left = (await destroyTokens?.()) ?? []
    return { tenant: slug, changes, warnings: [...warnings, ...left], sessions: ended }
  })
}

function isRemoval(wish: Wish): boolean {
  return wish.kind === 'account' && wish.presence === 'absent'
}

/** The address of the account whose proofs a wish changes. */
function proofsOf(wish: Wish): readonly string[] {
  if (wish.kind !== 'account') return []
  return wish.password !== undefined || (wish.forsake ?? []).length > 0 ? [wish.email] : []
}

async function idsOf(
  { accounts }: Installation['postgres'],
  tenant: Tenant,
  emails: readonly string[],
): Promise<readonly string[]> {
  const found = await Promise.all(emails.map((email) => accounts.findByEmail(tenant, email)))
  return found.flatMap((account) => (account === undefined ? [] : [account.id]))
}

/** Throws `RefusedError` with all faults. */
export function refuseFaults({ faults }: Outcome): void {
  const sentences = [...new Set(faults.map(({ fault }) => fault))]
  if (sentences.length === 0) return
  if (sentences.length === 1) throw new RefusedError(sentences.join(''))
  const lines = sentences.map((sentence, at) => `  ${at + 1}. ${sentence}`)
  throw new RefusedError(`nothing was changed, for ${sentences.length} reasons:\n${lines.join('\n')}`)
}
