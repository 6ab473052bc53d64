import type { Tenant } from '../identity/tenant.js'
import type { Category, Grants } from '../permission/grants.js'
import type { HeldIdentity } from './account-identity.js'
import type { Change, WishFault } from './change.js'
import type { AccountFacts } from './tenant-facts.js'
import type { AccessRule, Wish } from './wish.js'

/** Who changes something, as it goes on record: `cli:` and the name of the operating system's user. */
export type Administrator = `cli:${string}`

/** What an administrator changes in tenants' databases. Each method throws `UpstreamError` when that database does not answer. */
export interface TenantAdministration {
  /** What `apply` would do now. */
  rehearse(tenant: Tenant, wishes: readonly Wish[]): Promise<Outcome>
  /** Meets every wish or, where one cannot be met, none; what changes is on record with it, and every process is told. */
  apply(tenant: Tenant, wishes: readonly Wish[], by: Administrator): Promise<Outcome>
  /** Accounts by address with what they are assigned themselves; of that address only, where one is given. */
  accounts(tenant: Tenant, email?: string): Promise<readonly AccountFacts[]>
  /** By issuer and subject, also those that are no account's any more; of the account of that address only, where one is given. */
  identities(tenant: Tenant, email?: string): Promise<readonly HeldIdentity[]>
  accessRule(tenant: Tenant): Promise<AccessRule>
  /** Who would miss a name; `undefined` for one that is not there. */
  findUsage(tenant: Tenant, category: Category, name: string): Promise<NameUsage | undefined>
  /** How many accounts hold each name of a category in any way. */
  countHolders(tenant: Tenant, category: Category): Promise<ReadonlyMap<string, number>>
}

/** Changes in the order of the wishes; none where there are faults. */
export interface Outcome {
  readonly changes: readonly Change[]
  readonly faults: readonly WishFault[]
}

export interface NameUsage {
  /** What it brings along. */
  readonly carries: Grants
  /** The roles and groups that bring it along. */
  readonly carriedBy: Pick<Grants, 'groups' | 'roles'>
  /** Addresses of the accounts that hold it: themselves, by a role or by a group. */
  readonly accounts: readonly string[]
  /** Whether whoever signs up gets it. */
  readonly signUp: 'given' | 'not given'
}
