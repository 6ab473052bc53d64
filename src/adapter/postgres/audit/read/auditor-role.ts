import { randomBytes } from 'node:crypto'
import { sql, type Kysely } from 'kysely'
import { ConfigurationError } from '../../../../core/error/configuration-error.js'
import { sqlState } from '../../pool/database-failure.js'
import { lock, unlock } from '../../provision/advisory-lock.js'

/** The trail that a role may read, and nothing else. */
export interface AuditedDatabase {
  readonly database: string
  /** By which PostgreSQL knows the role for what it is, whatever its name. */
  readonly note: string
}

const tables = ['audit_event', 'audit_chain', 'audit_cursor'] as const
const insufficientPrivilege = '42501'
const longestName = 63

/**
 * The role that may read the trail of this database: nobody logs in as it, but an operator may grant it to somebody. Made where it is
 * not there, or may not read yet what it should; once, also when several processes ask at once. `db` is connected to the database as
 * its owner. Throws `ConfigurationError` where we may not create roles.
 */
export async function ensureAuditor<Schema>(db: Kysely<Schema>, place: AuditedDatabase): Promise<string> {
  const found = await findReady(db, place)
  if (found !== undefined) return found
  return db.connection().execute(async (own) => {
    await lock(own, 'auditor')
    try {
      return (await findReady(own, place)) ?? (await make(own, place))
    } finally {
      await unlock(own, 'auditor')
    }
  })
}

async function findReady<Schema>(db: Kysely<Schema>, { note }: AuditedDatabase): Promise<string | undefined> {
  const { rows } = await sql<{ readonly role: string }>`
    select rolname as role from pg_roles
    where shobj_description(oid, 'pg_authid') = ${note} and (
      select bool_and(has_table_privilege(pg_roles.oid, name::regclass, 'select')) from unnest(${tables}::text[]) as name
    )
  `.execute(db)
  return rows[0]?.role
}

async function make<Schema>(db: Kysely<Schema>, place: AuditedDatabase): Promise<string> {
  try {
    return await db.transaction().execute(async (step) => {
      const known = await roleNoted(step, place.note)
      const role = known ?? (await freeName(step, place.database))
      const name = sql.id(role)
      if (known === undefined) {
        await sql`create role ${name} nologin nosuperuser nocreatedb nocreaterole noreplication`.execute(step)
        await sql`comment on role ${name} is ${sql.lit(place.note)}`.execute(step)
        // Whoever has made a role may give it away, and still not be it.
        await sql`grant ${name} to current_user`.execute(step)
      }
      await sql`grant connect on database ${sql.id(place.database)} to ${name}`.execute(step)
      await sql`grant usage on schema public to ${name}`.execute(step)
      for (const table of tables) await sql`grant select on ${sql.table(table)} to ${name}`.execute(step)
      return role
    })
  } catch (error) {
    if (sqlState(error) !== insufficientPrivilege) throw error
    const message = 'the role of AUTHSEC_DATABASE_URL may not create roles: it needs CREATEROLE'
    throw new ConfigurationError('ERR_CONFIG_DATABASE', message, { cause: error })
  }
}

async function roleNoted<Schema>(db: Kysely<Schema>, note: string): Promise<string | undefined> {
  const { rows } = await sql<{ readonly role: string }>`
    select rolname as role from pg_roles where shobj_description(oid, 'pg_authid') = ${note}
  `.execute(db)
  return rows[0]?.role
}

/** A role of that name may be the login of a tenant that is called so. */
async function freeName<Schema>(db: Kysely<Schema>, database: string): Promise<string> {
  const suffix = '_auditor'
  const plain = `${database.slice(0, longestName - suffix.length)}${suffix}`
  const { rows } = await sql`select from pg_roles where rolname = ${plain}`.execute(db)
  if (rows.length === 0) return plain
  const other = `_${randomBytes(4).toString('hex')}${suffix}`
  return `${database.slice(0, longestName - other.length)}${other}`
}
