import type { Tenant } from '../identity/tenant.js'

/**
 * Hints that what a tenant grants has changed. Nothing is decided by a hint: it only says when to look. Whoever does not hear one
 * looks by itself, at most a second late.
 */
export interface ChangeFeed {
  /** Whether hints of other processes are known to arrive. */
  readonly alive: boolean
  /** Tells every process, this one at once. Never throws: the change has happened. */
  publish(tenant: Tenant): Promise<void>
  /** Calls `hear` with the id of a tenant, or with `undefined` where any may have changed; answers with the way to stop that. */
  subscribe(hear: (tenantId: string | undefined) => void): () => void
}
