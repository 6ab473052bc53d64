import type { Postgres } from '../adapter/postgres/open-postgres.js'
import type { Account } from '../core/identity/account-store.js'
import type { Tenant } from '../core/identity/tenant.js'
import { RefusedError } from './refused-error.js'

export interface NamedAccount {
  /** The address. */
  readonly user: string
  /** Slug; needed where several tenants have the address. */
  readonly tenant?: string | undefined
}

/** The account of that address, disabled or not. Throws `RefusedError` for none, and for several. */
export async function findAccount(
  { accounts, tenants }: Pick<Postgres, 'accounts' | 'tenants'>,
  { user, tenant: slug }: NamedAccount,
): Promise<{ readonly tenant: Tenant; readonly account: Account }> {
  const found: { tenant: Tenant; account: Account }[] = []
  for (const tenant of await tenants.list()) {
    if (slug !== undefined && tenant.slug !== slug) continue
    const account =
      (await accounts.findByEmail(tenant, user)) ?? (await accounts.findByEmail(tenant, user.toLowerCase()))
    if (account !== undefined) found.push({ tenant, account })
  }
  const [first, second] = found
  if (first === undefined) {
    const place = slug === undefined ? '' : ` in ${slug}`
    throw new RefusedError(`no account ${user}${place}; authsec account list shows them`)
  }
  if (second !== undefined) {
    const slugs = found.map(({ tenant }) => tenant.slug).join(', ')
    throw new RefusedError(`several tenants have an account ${user}: name one with --tenant (${slugs})`)
  }
  return first
}
