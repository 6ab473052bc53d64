import type { Administrator, Outcome } from '../../administration/tenant-administration.js'
import type { Tenant } from '../../identity/tenant.js'

/** Whether passwords of this installation let users of a tenant in. */
export type PasswordRule = 'accepted' | 'refused'

/** Tenants whose users sign in with their providers alone. Each method throws `UpstreamError`. */
export interface PasswordRules {
  /** UUIDs of the tenants where no password lets anybody in. */
  refusing(): Promise<ReadonlySet<string>>
  /** Why passwords of this tenant cannot be refused now: somebody has to be able to get in. */
  refusalFault(tenant: Tenant): Promise<string | undefined>
  /** Says so, with a row on record, or why it cannot be: somebody has to be able to get in. */
  set(tenant: Tenant, rule: PasswordRule, by: Administrator): Promise<Outcome>
}
