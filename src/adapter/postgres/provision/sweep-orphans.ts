import { sql, type Kysely } from 'kysely'
import type { MasterSchema } from '../schema/master-schema.js'
import { tryLock, unlock } from './advisory-lock.js'
import { dropDatabase } from './create-database.js'
import { tenantLock } from './lock-tenant.js'
import { dropTenantLogins } from './tenant-login.js'

/** Whose a database is to be, said on it before it is in the registry. */
export interface Intended {
  readonly tenantId: string
  readonly slug: string
  readonly masterDatabase: string
}

interface Noted {
  readonly database: string
  readonly note: string
}

/** Says on a database whose it is to be. */
export async function noteIntended(db: Kysely<unknown>, database: string, intended: Intended): Promise<void> {
  await sql`comment on database ${sql.id(database)} is ${sql.lit(noteOf(intended))}`.execute(db)
}

/**
 * Removes the databases and roles of tenants that somebody began to make and was cut off: they are not in the registry, and nobody
 * is making them now. `db` is connected to the maintenance database.
 */
export async function sweepOrphans(
  db: Kysely<unknown>,
  master: Kysely<MasterSchema>,
  masterDatabase: string,
): Promise<void> {
  const prefix = noteOf({ masterDatabase, tenantId: '', slug: '' }).replace(/ +$/, ' ')
  const { rows } = await sql<Noted>`
    select datname as database, shobj_description(oid, 'pg_database') as note from pg_database
    where starts_with(shobj_description(oid, 'pg_database'), ${prefix}) and pg_has_role(datdba, 'member')
  `.execute(db)
  for (const { database, note } of rows) {
    const [tenantId = '', slug = ''] = note.slice(prefix.length).split(' ')
    const name = tenantLock(masterDatabase, slug)
    if (!(await tryLock(db, name))) continue
    try {
      if (await isRegistered(master, tenantId)) continue
      await dropDatabase(db, database)
      await dropTenantLogins(db, { tenantId })
    } finally {
      await unlock(db, name)
    }
  }
}

async function isRegistered(master: Kysely<MasterSchema>, tenantId: string): Promise<boolean> {
  const row = await master.selectFrom('tenant').select('id').where('id', '=', tenantId).executeTakeFirst()
  return row !== undefined
}

function noteOf({ masterDatabase, slug, tenantId }: Intended): string {
  return `authsec tenant of ${JSON.stringify(masterDatabase)} ${tenantId} ${slug}`
}
