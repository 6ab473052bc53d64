import type { Kysely } from 'kysely'
import type { Keyring } from '../../../core/credential/keyring.js'
import type { ConnectionSettings } from '../connection-settings.js'
import { withDatabase } from '../pool/with-database.js'
import type { MasterSchema } from '../schema/master-schema.js'
import { lockTenant } from './lock-tenant.js'
import { maintenanceOf } from './maintenance.js'
import { createTenantLogin, grantTenantLogin } from './tenant-login.js'
import { readTenantRecord, sealLogin, type EnterableTenant, type TenantRecord } from './tenant-record.js'

export interface Registry {
  readonly connection: ConnectionSettings
  readonly masterDatabase: string
  readonly master: Kysely<MasterSchema>
  readonly keys: Keyring
}

/** Gives a tenant that has none the login for its database: one, also when several processes ask at once. */
export async function giveLogin(
  { connection, masterDatabase, master, keys }: Registry,
  { id, slug }: TenantRecord,
): Promise<EnterableTenant> {
  return withDatabase<unknown, EnterableTenant>(maintenanceOf(connection), async (db) => {
    await lockTenant(db, masterDatabase, slug)
    const record = await readTenantRecord(master, keys, id)
    if (record.login !== undefined) return { ...record, login: record.login }
    const { database } = record
    const login = await createTenantLogin(db, { tenantId: id, database })
    await withDatabase<unknown, void>({ settings: connection, database, outage: 'TENANT_UNAVAILABLE' }, (own) =>
      own.transaction().execute((step) => grantTenantLogin(step, login.role)),
    )
    await master.updateTable('tenant').set(sealLogin(keys, login)).where('id', '=', id).execute()
    return { ...record, login }
  })
}
