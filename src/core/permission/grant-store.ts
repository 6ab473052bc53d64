import type { Tenant } from '../identity/tenant.js'
import type { Grants } from './grants.js'

/** An account and all it is granted in its tenant's database, role bundles and group roles expanded. */
export interface StoredAccount {
  readonly id: string
  readonly email: string
  readonly name: string | undefined
  readonly disabled: boolean
  readonly grants: Grants
}

/** Reads the tenant's database on every request. */
export interface GrantStore {
  /** The account behind a token's subject, or `undefined`. Throws `UpstreamError` when the tenant's database does not answer. */
  findAccount(tenant: Tenant, issuer: string, subject: string): Promise<StoredAccount | undefined>
}
