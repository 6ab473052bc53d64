import type { ConnectionSettings } from '../connection-settings.js'
import { withDatabase } from '../pool/with-database.js'
import { migrate, type MigrationSchema } from '../schema/migrate.js'
import { tenantMigrations } from '../schema/tenant-migrations.js'
import { grantTenantLogin } from './tenant-login.js'
import type { EnterableTenant } from './tenant-record.js'

/** Brings a tenant's database up to date, as its owner, and lets the tenant's login use what is new there. */
export async function migrateTenant(
  settings: ConnectionSettings,
  { database, login }: Pick<EnterableTenant, 'database' | 'login'>,
): Promise<void> {
  await withDatabase<MigrationSchema, void>({ settings, database, outage: 'TENANT_UNAVAILABLE' }, (db) =>
    migrate(db, tenantMigrations, (step) => grantTenantLogin(step, login.role)),
  )
}
