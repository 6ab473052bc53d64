import type { Account } from '../../core/identity/account-store.js'
import type { HeldIdentity } from '../../core/administration/account-identity.js'
import type { NameUsage } from '../../core/administration/tenant-administration.js'
import type { AccountFacts } from '../../core/administration/tenant-facts.js'
import { quoted } from '../../core/administration/known-names.js'
import { carriedBy } from '../../core/administration/plan-links.js'
import type { AccessRule } from '../../core/administration/wish.js'
import { nounOf, type Category, type Grants } from '../../core/permission/grants.js'
import { RefusedError } from '../refused-error.js'
import { withTenant, type TenantPlace } from './with-tenant.js'

/** One name of a category as a list shows it. */
export interface ListedName {
  readonly name: string
  /** How many accounts hold it: themselves, by a role or by a group. */
  readonly accounts: number
  readonly carries: Grants
}

/** The names of a category with what they bring along. */
export async function listNames(place: TenantPlace, category: Category): Promise<readonly ListedName[]> {
  return withTenant(place, async ({ postgres, tenant }) => {
    const catalogue = await postgres.grants.readCatalogue(tenant)
    const holders = await postgres.tenantAdministration.countHolders(tenant, category)
    return [...holders].map(([name, accounts]) => {
      return { name, accounts, carries: carriedBy({ catalogue }, category, name) }
    })
  })
}

/** One name with everything that hangs on it. Throws `RefusedError` for one that is not there. */
export async function showName(place: TenantPlace, category: Category, name: string): Promise<NameUsage> {
  return withTenant(place, async ({ postgres, tenant }) => {
    const usage = await postgres.tenantAdministration.findUsage(tenant, category, name)
    if (usage === undefined) throw new RefusedError(`there is no ${nounOf(category)} ${quoted(name)} in ${tenant.slug}`)
    return usage
  })
}

/** One account: what is on record of it, and all that it holds, bundles expanded. */
export interface ShownAccount extends AccountFacts {
  readonly tenant: string
  readonly holds: Account['grants']
}

/** The account of that address. Throws `RefusedError` for one that is not there. */
export async function showAccount(place: TenantPlace, email: string): Promise<ShownAccount> {
  return withTenant(place, async ({ postgres, tenant }) => {
    const [facts] = await postgres.tenantAdministration.accounts(tenant, email)
    const account = await postgres.accounts.findByEmail(tenant, email)
    if (facts === undefined || account === undefined) {
      throw new RefusedError(`there is no account ${quoted(email)} in ${tenant.slug}`)
    }
    return { ...facts, tenant: tenant.slug, holds: account.grants }
  })
}

/** What accounts are assigned themselves, by address; of that address only, where one is given. Throws `RefusedError` for none. */
export async function listAssigned(place: TenantPlace, email?: string): Promise<readonly AccountFacts[]> {
  return withTenant(place, async ({ postgres, tenant }) => {
    const accounts = await postgres.tenantAdministration.accounts(tenant, email)
    if (email === undefined || accounts.length > 0) return accounts
    throw new RefusedError(`there is no account ${quoted(email)} in ${tenant.slug}`)
  })
}

/**
 * Whom other issuers know accounts as, also what is no account's any more; of one account only, where it is named. Throws
 * `RefusedError` for an account that is not there.
 */
export async function listIdentities(place: TenantPlace, email?: string): Promise<readonly HeldIdentity[]> {
  return withTenant(place, async ({ postgres, tenant }) => {
    if (email !== undefined && (await postgres.accounts.findByEmail(tenant, email)) === undefined) {
      throw new RefusedError(`there is no account ${quoted(email)} in ${tenant.slug}`)
    }
    return postgres.tenantAdministration.identities(tenant, email)
  })
}

/** How the tenant grants. */
export async function showRule(place: TenantPlace): Promise<AccessRule> {
  return withTenant(place, ({ postgres, tenant }) => postgres.tenantAdministration.accessRule(tenant))
}
