import type { Kysely } from 'kysely'
import { lock } from './advisory-lock.js'

/** Whoever makes, changes or removes a tenant takes turns. `db` is connected to the maintenance database. */
export async function lockTenant(db: Kysely<unknown>, masterDatabase: string, slug: string): Promise<void> {
  await lock(db, tenantLock(masterDatabase, slug))
}

/** The name of the lock. */
export function tenantLock(masterDatabase: string, slug: string): string {
  return `tenant ${masterDatabase} ${slug}`
}
