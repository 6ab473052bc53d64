import type { Change } from '../../core/administration/change.js'
import type { Outcome } from '../../core/administration/tenant-administration.js'
import type { AccountWish, Wish } from '../../core/administration/wish.js'
import { changeSecurity } from '../../core/identity/change-security.js'
import type { Tenant } from '../../core/identity/tenant.js'
import { endedSessions, type EndedSessions } from '../sessions/sessions-left.js'
import type { Installation } from './with-tenant.js'

/** What the wishes came to. */
export interface AppliedWishes extends Outcome {
  /** `undefined` where nothing changed that anybody is signed in with. */
  readonly sessions: EndedSessions | undefined
}

/**
 * Meets all the wishes, or none, and ends whatever rests on what they take away: a password, an identity, that an account is
 * active, that it is there. `planned` is what a rehearsal of them says. Throws `UpstreamError`.
 */
export async function applyWishes(
  { by, postgres, sessions, tenant }: Installation & { readonly tenant: Tenant },
  wishes: readonly Wish[],
  planned: readonly Change[],
): Promise<AppliedWishes> {
  const concerned = wishes.flatMap((wish, at) => shakenBy(wish, planned[at]) ?? [])
  const users = [...new Set(concerned.map(({ email }) => email))]
  const scope = { tenant, accounts: await idsOf(postgres, tenant, users) }
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
  { accounts }: Installation['postgres'],
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
