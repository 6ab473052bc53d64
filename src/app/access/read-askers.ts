import type { Account } from '../../core/identity/account-store.js'
import type { Tenant } from '../../core/identity/tenant.js'
import { bearerOf, type Asker } from '../../core/permission/asker.js'
import { holdingOf } from '../../core/permission/holding.js'
import type { ReadableTenants } from './read-tenants.js'

/** An account that may sign in, with a token that says all that its tenant's database does. */
export interface AccountAsker {
  readonly account: Account
  readonly asker: Asker
}

/** Everybody in the tenant who may sign in, by address. */
export async function readAskers(
  { issuer, postgres }: ReadableTenants,
  tenant: Tenant,
): Promise<readonly AccountAsker[]> {
  const accounts = (await postgres.accounts.list(tenant)).filter(({ disabled }) => disabled === false)
  const [first] = accounts
  if (first === undefined) return []
  // What a tenant's database counts as granted is the same for all of its accounts.
  const rules = await postgres.grants.findStanding(tenant, issuer, first.id)
  return accounts.map((account) => ({
    account,
    asker: bearerOf(holdingOf(account.grants, { ...rules, account })),
  }))
}
