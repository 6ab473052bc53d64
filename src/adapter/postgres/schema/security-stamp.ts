import { sql, type Kysely } from 'kysely'
import type { MigrationSchema } from './migrate.js'

/**
 * Gives accounts a stamp, and another one with every change of what they prove themselves with and when they are disabled, whoever does
 * it: plain SQL counts too. Never a number: it could come back with a backup. `null`: nothing has changed since the account was made.
 */
export async function createSecurityStamp(db: Kysely<MigrationSchema>): Promise<void> {
  await sql`alter table account add column security_stamp uuid`.execute(db)
  // Nothing from before lets them in once they are enabled.
  await sql`update account set security_stamp = gen_random_uuid() where disabled_at is not null`.execute(db)
  await define(db, 'account_restamped', 'new.security_stamp := gen_random_uuid(); return new;')
  await define(db, 'account_proof_gone', restamp('id = old.account_id'))
  await define(db, 'account_proof_demanded', restamp('new.account_id is null or id = new.account_id'))
  await watch(db, {
    table: 'account',
    when: 'before update',
    condition: `old.password_hash is distinct from new.password_hash
      or (old.disabled_at is null and new.disabled_at is not null)`,
    call: 'account_restamped',
  })
  await watch(db, { table: 'account_factor', when: 'after delete', call: 'account_proof_gone' })
  await watch(db, { table: 'account_identity', when: 'after delete', call: 'account_proof_gone' })
  await watch(db, {
    table: 'account_identity',
    when: 'after update',
    condition: 'old.account_id is distinct from new.account_id',
    call: 'account_proof_gone',
  })
  await watch(db, { table: 'factor_demand', when: 'after insert', call: 'account_proof_demanded' })
}

/** The tenant's role owns nothing, and does not run it as anybody but the owner. */
async function define(db: Kysely<MigrationSchema>, name: string, body: string): Promise<void> {
  await sql`
    create function ${sql.id(name)}() returns trigger language plpgsql security definer set search_path = pg_catalog, public
    as $$ begin ${sql.raw(body)} end $$
  `.execute(db)
}

function restamp(whom: string): string {
  return `update public.account set security_stamp = gen_random_uuid() where ${whom}; return null;`
}

interface Watched {
  readonly table: string
  readonly when: 'before update' | 'after update' | 'after delete' | 'after insert'
  readonly condition?: string
  readonly call: string
}

/** Always: also for sessions that replicate. */
async function watch(db: Kysely<MigrationSchema>, { call, condition, table, when }: Watched): Promise<void> {
  const name = sql.id(`${call}_${when.replace(' ', '_')}`)
  await sql`
    create trigger ${name} ${sql.raw(when)} on ${sql.table(table)} for each row
    ${condition === undefined ? sql`` : sql`when (${sql.raw(condition)})`} execute function ${sql.id(call)}()
  `.execute(db)
  await sql`alter table ${sql.table(table)} enable always trigger ${name}`.execute(db)
}
