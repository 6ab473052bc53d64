import { sql, type Kysely } from 'kysely'
import type { Databases } from '../databases.js'
import { sqlState } from '../pool/database-failure.js'
import { embeddedClusterName } from '../embedded/server-settings.js'
import { withDatabase } from '../pool/with-database.js'
import { lock } from './advisory-lock.js'
import { createDatabase, openDatabase } from './create-database.js'
import { maintenanceOf } from './maintenance.js'
import { checkServerVersion } from './server-version.js'

const databaseMissing = '3D000'
const connectionsShut = '55000'

/** Makes the master database stand: created where it is absent, its schema up to date. Throws `ConfigurationError` for an old server. */
export async function ensureMaster(databases: Databases): Promise<void> {
  try {
    await checkServerVersion(databases.master())
    await databases.prepareMaster()
    await closeMaster(databases)
  } catch (error) {
    const state = sqlState(error)
    if (state !== databaseMissing && state !== connectionsShut) throw error
    await createMaster(databases)
    await databases.prepareMaster()
  }
}

/** A master database that somebody else has made lets every role in, those of tenants included, until we take that away. */
async function closeMaster(databases: Databases): Promise<void> {
  const name = databases.masterDatabase
  const { rows } = await sql<{ open: boolean }>`
    select exists (
      select from aclexplode(coalesce(datacl, acldefault('d', datdba))) where grantee = 0
    ) and pg_has_role(datdba, 'member') as open
    from pg_database where datname = ${name}
  `.execute(databases.master())
  if (rows[0]?.open !== true) return
  await sql`revoke all on database ${sql.id(name)} from public`.execute(databases.master())
}

async function createMaster({ connection, masterDatabase }: Databases): Promise<void> {
  await withDatabase<unknown, void>(maintenanceOf(connection), async (db) => {
    await checkServerVersion(db)
    await lock(db, `master ${masterDatabase}`)
    const created = await createDatabase(db, { name: masterDatabase })
    if (created || (await wasLeftShut(db, masterDatabase))) await openDatabase(db, masterDatabase)
    await closeMaintenance(db)
  })
}

/**
 * PostgreSQL lets every role into its own databases. In a cluster that is ours alone the tenants' roles are kept out of them; in any
 * other, that is for its administrator to decide.
 */
async function closeMaintenance(db: Kysely<unknown>): Promise<void> {
  const { rows } = await sql<{ name: string }>`
    select datname as name from pg_database
    where datname in ('postgres', 'template1') and pg_has_role(datdba, 'member')
      and current_setting('cluster_name') = ${embeddedClusterName}
  `.execute(db)
  for (const { name } of rows) await sql`revoke connect, temporary on database ${sql.id(name)} from public`.execute(db)
}

/** Whether a process died between creating and opening. Rights are set by then if an administrator shut the database on purpose. */
async function wasLeftShut(db: Kysely<unknown>, name: string): Promise<boolean> {
  const { rows } = await sql<{ shut: boolean }>`
    select not datallowconn and datacl is null as shut from pg_database where datname = ${name}
  `.execute(db)
  return rows[0]?.shut === true
}
