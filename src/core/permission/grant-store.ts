import type { Tenant } from '../identity/tenant.js'
import type { GrantCatalogue, StoredStanding } from './standing.js'

/**
 * What the tenants' databases say of who holds what. Standings and versions may be up to a second old, never older. Each method
 * throws `UpstreamError` when the tenant's database does not answer.
 */
export interface GrantStore {
  /** What is on record of a token's subject. */
  findStanding(tenant: Tenant, issuer: string, subject: string): Promise<StoredStanding>
  /** Names the state of everything that decides in this tenant; another one after every change. */
  policyVersion(tenant: Tenant): Promise<string>
  /** Everything that the tenant has to grant, as it is now. */
  readCatalogue(tenant: Tenant): Promise<GrantCatalogue>
}
