import { sql, type Kysely } from 'kysely'
import { ConfigurationError } from '../../../core/error/configuration-error.js'
import type { ConnectionSettings } from '../connection-settings.js'
import { withDatabase } from '../pool/with-database.js'
import { migrate, type MigrationSchema } from '../schema/migrate.js'
import { tenantMigrations } from '../schema/tenant-migrations.js'
import { lock, lockShared, unlock, unlockShared } from './advisory-lock.js'
import { createDatabase, openDatabase, shutDatabase } from './create-database.js'

/** The database that every tenant's database is a copy of. Nobody can connect to it, or copying would wait for them. */
export const tenantTemplate = 'authsec_template_tenant'

const lockName = 'tenant template'

/**
 * Holds the template as it is, up to date, until the connection `db` ends: made or migrated where it is not, by one process for all.
 * Throws `ConfigurationError` where a database of that name belongs to another role.
 */
export async function holdTemplate(db: Kysely<unknown>, settings: ConnectionSettings): Promise<void> {
  await lockShared(db, lockName)
  while (!(await isReady(db))) {
    await unlockShared(db, lockName)
    await lock(db, lockName)
    if (!(await isReady(db))) await makeTemplate(db, settings)
    await unlock(db, lockName)
    await lockShared(db, lockName)
  }
}

async function isReady(db: Kysely<unknown>): Promise<boolean> {
  const { rows } = await sql<{ shut: boolean; owned: boolean; note: string | null }>`
    select not datallowconn as shut, pg_has_role(datdba, 'member') as owned, shobj_description(oid, 'pg_database') as note
    from pg_database where datname = ${tenantTemplate}
  `.execute(db)
  const [row] = rows
  if (row === undefined) return false
  if (row.owned) return row.shut && stepsOf(row.note) >= tenantMigrations.length
  throw new ConfigurationError('ERR_CONFIG_DATABASE', `the database ${tenantTemplate} belongs to another role`)
}

async function makeTemplate(db: Kysely<unknown>, settings: ConnectionSettings): Promise<void> {
  await createDatabase(db, { name: tenantTemplate })
  await openDatabase(db, tenantTemplate)
  const target = { settings, database: tenantTemplate, outage: 'AUTH_UNAVAILABLE' } as const
  await withDatabase<MigrationSchema, void>(target, (template) => migrate(template, tenantMigrations))
  await shutDatabase(db, tenantTemplate)
  const note = sql.lit(noteOf(tenantMigrations.length))
  await sql`comment on database ${sql.id(tenantTemplate)} is ${note}`.execute(db)
}

/** The template cannot be asked for its schema, so its steps are noted outside. */
function noteOf(steps: number): string {
  return `authsec tenant schema, steps: ${steps}`
}

function stepsOf(note: string | null): number {
  const steps = Number(note?.split(': ')[1])
  return note === noteOf(steps) ? steps : 0
}
