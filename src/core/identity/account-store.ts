import type { Grants } from '../permission/grants.js'
import type { Tenant } from './tenant.js'

export interface Account {
  readonly id: string
  readonly email: string
  readonly name: string | undefined
  readonly disabled: boolean
  /** Another one with every change of what the account proves itself with; `undefined` before the first. */
  readonly securityStamp?: string | undefined
  /** All that the account is granted, bundles expanded. */
  readonly grants: Grants
}

export interface NewAccount {
  readonly email: string
  readonly name?: string | undefined
  /** A hash in the form that `PasswordHasher` of the issuer writes; never the password. */
  readonly passwordHash?: string | undefined
  readonly grants: Grants
}

/** The accounts of a tenant's database. Each method throws `UpstreamError` when that database does not answer. */
export interface AccountStore {
  /** Byte-exact on the stored address. */
  findByEmail(tenant: Tenant, email: string): Promise<Account | undefined>
  find(tenant: Tenant, id: string): Promise<Account | undefined>
  findPasswordHash(tenant: Tenant, id: string): Promise<string | undefined>
  setPasswordHash(tenant: Tenant, id: string, passwordHash: string): Promise<void>
  /** By address. */
  list(tenant: Tenant): Promise<readonly Account[]>
  /** Creates the account and whatever names it is granted that the tenant does not have yet; the id is a new UUID. */
  create(tenant: Tenant, account: NewAccount): Promise<Account>
}
