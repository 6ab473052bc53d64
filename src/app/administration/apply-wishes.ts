import type { Change } from '../../core/administration/change.js'
import type { Outcome, TenantAdministration } from '../../core/administration/tenant-administration.js'
import type { AccountWish, Wish } from '../../core/administration/wish.js'
import type { AccountStore } from '../../core/identity/account-store.js'
import { changeSecurity } from '../../core/identity/change-security.js'
import type { SessionDirectory } from '../../core/identity/session-directory.js'
import type { Tenant } from '../../core/identity/tenant.js'
import { endedSessions, type EndedSessions } from '../sessions/sessions-left.js'
import type { Installation } from './with-tenant.js'

/** What the wishes came to. */
export interface AppliedWishes extends Outcome {
  /** `undefined` where nothing changed that anybody is signed in with. */
  readonly sessions: EndedSessions | undefined
}

/** What wishes are applied with. */
export interface WishPlace extends Pick<Installation, 'by'> {
  readonly postgres: {
    readonly accounts: Pick<AccountStore, 'findByEmail'>
    readonly tenantAdministration: Pick<TenantAdministration, 'apply' | 'rehearse'>
  }
  readonly sessions: Pick<SessionDirectory, 'end' | 'ownersOf'>
  readonly tenant: Tenant
}

/**
 * Meets all the wishes, or none, and ends whatever rests on what they take away: a password, an identity, that an account is
 * active, that it is there. Nothing ends for wishes that cannot be met by now. `planned` is what a rehearsal of them has said. Throws
 * `UpstreamError`.
 */
export async function applyWishes(
  { by, postgres, sessions, tenant }: WishPlace,
  wishes: readonly Wish[],
  planned: readonly Change[],
): Promise<AppliedWishes> {
  const concerned = wishes.flatMap((wish, at) => shakenBy(wish, planned[at]) ?? [])
  const users = [...new Set(concerned.map(({ email }) => email))]
  const accounts = await idsOf(postgres, tenant, users)
  // Somebody may have agreed to them, or their accounts been looked up, for a long time.
  const now = await postgres.tenantAdministration.rehearse(tenant, wishes)
  if (now.faults.length > 0) return { ...now, sessions: undefined }
  const scope = { tenant, accounts, wasMade: ({ faults }: Outcome) => faults.length === 0 }
  const { value, ...ending } = await changeSecurity(sessions, scope, () =>
    postgres.tenantAdministration.apply(tenant, wishes, by),
  )
  if (concerned.length === 0) return { ...value, sessions: undefined }
  // Whoever is gone gets in with nothing that is left, and no command finds it by the address.
  const gone = new Set(concerned.filter(({ presence }) => presence === 'absent').map(({ email }) => email))
  const there = users.filter((email) => !gone.has(email))
  return { ...value, sessions: endedSessions(ending, { tenant: tenant.slug, users: there }) }
}

/** The wish, where it takes away what its account may be signed in with. */
function shakenBy(wish: Wish, change: Change | undefined): AccountWish | undefined {
  if (wish.kind !== 'account' || change === undefined) return undefined
  if (change.action === 'removed') return wish
  const { forsake = [], password, status } = wish
  const shakes = password !== undefined || forsake.length > 0 || status === 'disabled'
  return change.action === 'changed' && shakes ? wish : undefined
}

/** One after the other: a file may list thousands. */
async function idsOf(
  { accounts }: WishPlace['postgres'],
  tenant: Tenant,
  emails: readonly string[],
): Promise<readonly string[]> {
  const ids: string[] = []
  for (const email of emails) {
    const account = await accounts.findByEmail(tenant, email)
    if (account !== undefined) ids.push(account.id)
  }
  return ids
}
