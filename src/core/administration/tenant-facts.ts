import type { Grants } from '../permission/grants.js'
import type { GrantCatalogue } from '../permission/standing.js'
import type { AccountIdentity, HeldIdentity } from './account-identity.js'
import type { AccessRule, AccountStatus } from './wish.js'

/** What a tenant's database has, as far as changes are decided by it. */
export interface TenantFacts {
  readonly catalogue: GrantCatalogue
  /** By address: those that are spoken of. */
  readonly accounts: ReadonlyMap<string, AccountFacts>
  /** The addresses that are the same as those that are spoken of but for capitals, by the address in small letters. */
  readonly alike: ReadonlyMap<string, string>
  /** The addresses of whose they are, by `identityKey`: those that are spoken of and on record. */
  readonly identities: ReadonlyMap<string, HeldIdentity['email']>
  readonly rule: AccessRule
  /** The addresses of the accounts that are assigned a name that is to go, by `holderKey`. */
  readonly holders: ReadonlyMap<string, readonly string[]>
}

export interface AccountFacts {
  readonly id: string
  readonly email: string
  readonly name: string | undefined
  readonly status: AccountStatus
  readonly password: 'none' | 'set'
  /** What it is assigned itself, without what roles and groups bring along. */
  readonly assigned: Grants
  /** Whom other issuers know it as. */
  readonly identities: readonly AccountIdentity[]
}

/** One name of one category as a text, as in `roles:admin`. */
export function holderKey(category: keyof Grants, name: string): string {
  return `${category}:${name}`
}
