import type { Kysely } from 'kysely'
import type { TenantSchema } from '../schema/tenant-schema.js'
import { epochSeconds } from '../store/epoch-seconds.js'

/** What is read of each service, its users apart. */
export function selectServices(db: Kysely<TenantSchema>) {
  return db
    .selectFrom('service')
    .select(['id', 'name', 'url', 'description', 'tags', 'auth', 'source', 'requirement', 'reach'])
    .select(['service.revision', 'rotation', 'credential_version', epochSeconds('credential_at').as('credential_at')])
}
