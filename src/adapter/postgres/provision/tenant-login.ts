import { createHash, createHmac, pbkdf2Sync, randomBytes } from 'node:crypto'
import { sql, type Kysely } from 'kysely'
import { ConfigurationError } from '../../../core/error/configuration-error.js'
import { sqlState } from '../pool/database-failure.js'

/** Who a tenant's requests are to PostgreSQL: may enter one database, and there do what requests do. */
export interface TenantLogin {
  readonly role: string
  readonly password: string
}

export interface TenantPlace {
  readonly tenantId: string
  readonly database: string
}

const insufficientPrivilege = '42501'
const scramIterations = 4096
/** What requests may read and not change: what is counted by triggers, and what only a migration does. */
const readOnlyTables = ['schema_migration', 'policy_version']
/** What a row of the trail is written with: its number is the database's, and of an erasure only its owner speaks. */
export const writtenColumns = [
  ...['at', 'type', 'issuer', 'subject', 'client_id', 'request_id', 'intent_id', 'trace_id', 'operation', 'reason'],
  ...['milliseconds', 'detail', 'personal', 'count', 'chain', 'sequence', 'salt', 'commitment', 'mac'],
]
/** What a chain is begun with, and what is moved on by what was added to it. */
export const begunColumns = ['name', 'kind', 'place', 'key', 'mac']
export const movedColumns = ['sequence', 'mac', 'settled', 'holder', 'held_until']

/**
 * Creates the role, or gives the one that a process has left half way a new password. `db` is connected to the maintenance
 * database. Throws `ConfigurationError` where we may not create roles.
 */
export async function createTenantLogin(db: Kysely<unknown>, place: TenantPlace): Promise<TenantLogin> {
  const password = randomBytes(24).toString('base64url')
  let role = place.database
  while ((await stateOf(db, role, place)) === 'foreign') role = `${place.database}_${randomBytes(4).toString('hex')}`
  await setTenantLogin(db, place, { role, password })
  return { role, password }
}

/** Makes PostgreSQL agree with a login that the registry has, as after a backup was restored elsewhere: roles are not in it. */
export async function setTenantLogin(
  db: Kysely<unknown>,
  place: TenantPlace,
  { role, password }: TenantLogin,
): Promise<void> {
  const state = await stateOf(db, role, place)
  if (state === 'foreign') throw fault(`the role ${role} belongs to something else`)
  // Only superusers may say again what a role is not.
  const verb = state === 'absent' ? sql`create` : sql`alter`
  const limits = state === 'absent' ? sql`nosuperuser nocreatedb nocreaterole noinherit noreplication` : sql``
  // What is sent is a verifier: statements may be logged.
  const verifier = sql.lit(scramVerifier(password))
  try {
    await db.transaction().execute(async (step) => {
      await sql`
        ${verb} role ${sql.id(role)} with login ${limits} password ${verifier}
      `.execute(step)
      if (state !== 'absent') await sql`alter role ${sql.id(role)} reset all`.execute(step)
      await sql`comment on role ${sql.id(role)} is ${sql.lit(noteOf(place))}`.execute(step)
      await sql`grant connect on database ${sql.id(place.database)} to ${sql.id(role)}`.execute(step)
    })
  } catch (error) {
    if (sqlState(error) !== insufficientPrivilege) throw error
    throw fault('the role of AUTHSEC_DATABASE_URL may not create roles: it needs CREATEROLE', error)
  }
}

/** Lets us end the connections of a tenant's roles, which without being superuser takes what they may do. */
export async function joinTenantLogins(db: Kysely<unknown>, tenant: Pick<TenantPlace, 'tenantId'>): Promise<void> {
  for (const role of await rolesOf(db, tenant)) await sql`grant ${sql.id(role)} to current_user`.execute(db)
}

/** Removes the roles of a tenant whose database is gone. */
export async function dropTenantLogins(db: Kysely<unknown>, tenant: Pick<TenantPlace, 'tenantId'>): Promise<void> {
  for (const role of await rolesOf(db, tenant)) await sql`drop role ${sql.id(role)}`.execute(db)
}

async function rolesOf(db: Kysely<unknown>, tenant: Pick<TenantPlace, 'tenantId'>): Promise<readonly string[]> {
  const { rows } = await sql<{ readonly role: string }>`
    select rolname as role from pg_roles where shobj_description(oid, 'pg_authid') in (${noteOf(tenant)}, ${auditorNote(tenant)})
  `.execute(db)
  return rows.map(({ role }) => role)
}

/** What the role may do, after a migration: no DDL, and of audit only to add to it. `db` is connected to the tenant's database, as its owner. */
export async function grantTenantLogin<Schema>(db: Kysely<Schema>, role: string): Promise<void> {
  const to = sql.id(role)
  await sql`revoke all on schema public from public`.execute(db)
  await sql`grant usage on schema public to ${to}`.execute(db)
  await sql`grant select, insert, update, delete on all tables in schema public to ${to}`.execute(db)
  for (const table of readOnlyTables) {
    await sql`revoke insert, update, delete on ${sql.table(table)} from ${to}`.execute(db)
  }
  await grantAudit(db, role)
}

/** To add to the trail, and nothing else: a chain is moved on by what was added to it. */
async function grantAudit<Schema>(db: Kysely<Schema>, role: string): Promise<void> {
  const to = sql.id(role)
  const all = sql`audit_event, audit_chain, audit_outbox, audit_adopted, audit_checkpoint, audit_cursor`
  await sql`revoke all on ${all} from ${to}`.execute(db)
  await sql`grant insert (${columns(writtenColumns)}) on audit_event to ${to}`.execute(db)
  await sql`
    grant select, insert (${columns(begunColumns)}), update (${columns(movedColumns)}) on audit_chain to ${to}
  `.execute(db)
  await sql`grant select, insert (row, mac), delete on audit_outbox to ${to}`.execute(db)
  await sql`grant select, insert on audit_adopted to ${to}`.execute(db)
  await sql`
    grant execute on function audit_unsettled(text, bigint, bigint), audit_intents(text, bigint, text[], text[]),
      audit_stands(text, bigint, bytea) to ${to}
  `.execute(db)
}

function columns(names: readonly string[]) {
  return sql.join(names.map((name) => sql.ref(name)))
}

async function stateOf(db: Kysely<unknown>, role: string, place: TenantPlace): Promise<'absent' | 'foreign' | 'ours'> {
  const { rows } = await sql<{ readonly note: string | null }>`
    select shobj_description(oid, 'pg_authid') as note from pg_roles where rolname = ${role}
  `.execute(db)
  if (rows[0] === undefined) return 'absent'
  return rows[0].note === noteOf(place) ? 'ours' : 'foreign'
}

/** What is said on the role that may read the tenant's trail. */
export function auditorNote({ tenantId }: Pick<TenantPlace, 'tenantId'>): string {
  return `authsec auditor of tenant ${tenantId}`
}

function noteOf({ tenantId }: Pick<TenantPlace, 'tenantId'>): string {
  return `authsec tenant ${tenantId}`
}

/** RFC 5803, as PostgreSQL stores it. */
function scramVerifier(password: string): string {
  const salt = randomBytes(16)
  const salted = pbkdf2Sync(password, salt, scramIterations, 32, 'sha256')
  const keyFor = (name: string): Buffer => createHmac('sha256', salted).update(name).digest()
  const stored = createHash('sha256').update(keyFor('Client Key')).digest('base64')
  const server = keyFor('Server Key').toString('base64')
  return `SCRAM-SHA-256$${scramIterations}:${salt.toString('base64')}$${stored}:${server}`
}

function fault(message: string, cause?: unknown): ConfigurationError {
  return new ConfigurationError('ERR_CONFIG_DATABASE', message, { cause })
}
