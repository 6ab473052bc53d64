import { sql, type Kysely } from 'kysely'
import type { MasterKey } from '../../../core/credential/master-key.js'
import type { Tenant } from '../../../core/identity/tenant.js'
import type { TenantSchema } from '../schema/tenant-schema.js'
import { awaitWriters } from './lock-local-key.js'
import { contextOf, resealKey } from './sealed-credential.js'

const batch = 500

/**
 * Puts the keys of a tenant's credentials under the first of the local keys; answers with how many it was. The credentials themselves
 * stay as they are. May be cut off and run again. Throws `UpstreamError` where none of the keys opens one.
 */
export async function resealCredentials(
  db: Kysely<TenantSchema>,
  tenant: Tenant,
  localKeys: readonly MasterKey[],
): Promise<number> {
  const [current] = localKeys
  if (current === undefined) throw new TypeError('there is no local key')
  await db.transaction().execute(awaitWriters)
  let resealed = 0
  for (;;) {
    const rows = await readRows(db, current.fingerprint)
    for (const row of rows) resealed += await reseal(db, row, { current, localKeys, tenant })
    if (rows.length < batch) return resealed
  }
}

async function readRows(db: Kysely<TenantSchema>, current: string) {
  return db
    .selectFrom('service_credential')
    .select(['service', 'account', 'version', 'sealed_key', 'sealed_by'])
    .where('sealed_by', '<>', current)
    .limit(batch)
    .execute()
}

interface Resealing {
  readonly tenant: Tenant
  readonly localKeys: readonly MasterKey[]
  readonly current: MasterKey
}

type Row = Awaited<ReturnType<typeof readRows>>[number]

/** One that was deleted meanwhile is left as it is. */
async function reseal(
  db: Kysely<TenantSchema>,
  { account, sealed_by, sealed_key, service, version }: Row,
  { current, localKeys, tenant }: Resealing,
): Promise<number> {
  if (sealed_key === null || sealed_by === null) return 0
  const context = contextOf({ tenant, service, account: account ?? undefined }, version)
  const { numUpdatedRows } = await db
    .updateTable('service_credential')
    .set(resealKey(localKeys, current, { context, row: { sealed_by, sealed_key } }))
    .where('service', '=', service)
    .where('account', 'is not distinct from', account)
    .where('version', '=', version)
    .where('sealed_key', '=', sql<Uint8Array>`${Buffer.from(sealed_key)}`)
    .executeTakeFirst()
  return Number(numUpdatedRows)
}
