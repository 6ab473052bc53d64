import { sql, type Generated, type Kysely } from 'kysely'
import type { MigrationSchema } from './migrate.js'

/** The state of everything that decides, by one row. */
export interface PolicyVersionTable {
  readonly version: Generated<string>
  /** Tells versions of the same number apart after a backup was restored. */
  readonly revision: Generated<string>
}

/** How the tenant grants, by one row. */
export interface AccessRuleTable {
  /** `null`: `assigned` for the installation's own issuer, `catalogue` for every other. */
  readonly grants: 'assigned' | 'catalogue' | null
  /** `domains`: of those who sign in with a provider, addresses of `sign_up_domain`; of bearers nobody. */
  readonly sign_up: Generated<'nobody' | 'domains' | 'everybody'>
}

/** Which account stands behind a subject of a foreign issuer. */
export interface AccountIdentityTable {
  readonly issuer: string
  readonly subject: string
  /** `null` once the account is gone: its subject is not to sign up again. */
  readonly account_id: string | null
}

/** Everything of an account but its password: as it is in the end, whatever other triggers have made of it. */
const accountChanged =
  '(old.id, old.email, old.name, old.disabled_at) is distinct from (new.id, new.email, new.name, new.disabled_at)'

const deciding = [
  ...['role', 'user_group', 'scope', 'resource', 'permission'],
  ...['account_role', 'account_group', 'account_scope', 'account_resource', 'account_permission'],
  ...['group_role', 'role_scope', 'role_resource', 'role_permission'],
  ...['access_rule', 'sign_up_role', 'account_identity'],
]

/** Counts every change of what decides, whoever makes it: plain SQL counts too. */
export async function createPolicyVersion(db: Kysely<MigrationSchema>): Promise<void> {
  await createTables(db)
  // Once per transaction. Its number alone could come back with a backup, and be another transaction's where that is restored.
  // Deferred, so that the row is locked at the very end of a transaction: two that change much cannot wait for each other.
  await sql`
    create function policy_changed() returns trigger language plpgsql security definer set search_path = pg_catalog, public as $$
    begin
      update public.policy_version
      set version = version + 1, revision = gen_random_uuid(),
        counted_in = pg_current_xact_id(), counted_since = pg_postmaster_start_time()
      where (counted_in, counted_since) is distinct from (pg_current_xact_id(), pg_postmaster_start_time());
      return null;
    end $$
  `.execute(db)
  for (const table of deciding) await watch(db, { table, name: 'policy_changed', events: 'insert or update or delete' })
  await watch(db, { table: 'account', name: 'policy_changed', events: 'insert or delete' })
  await watch(db, { table: 'account', name: 'policy_account_changed', events: 'update', when: accountChanged })
  for (const table of [...deciding, 'account']) {
    await sql`
      create trigger policy_emptied after truncate on ${sql.table(table)} for each statement execute function policy_changed()
    `.execute(db)
    await sql`alter table ${sql.table(table)} enable always trigger policy_emptied`.execute(db)
  }
}

async function createTables(db: Kysely<MigrationSchema>): Promise<void> {
  const onlyRow = sql`only_row boolean primary key default true check (only_row)`
  await sql`
    create table policy_version (
      ${onlyRow}, version bigint not null default 1, revision uuid not null default gen_random_uuid(),
      counted_in xid8, counted_since timestamptz
    )
  `.execute(db)
  await sql`
    create table access_rule (
      ${onlyRow},
      grants text check (grants in ('assigned', 'catalogue')),
      sign_up text not null default 'nobody' check (sign_up in ('nobody', 'everybody'))
    )
  `.execute(db)
  await sql`create table sign_up_role (role_id uuid primary key references role (id) on delete cascade)`.execute(db)
  await sql`
    create table account_identity (
      issuer text not null, subject text not null,
      account_id uuid references account (id) on delete set null,
      primary key (issuer, subject)
    )
  `.execute(db)
  await sql`create index account_identity_account_id on account_identity (account_id)`.execute(db)
  await sql`insert into policy_version default values`.execute(db)
  await sql`insert into access_rule default values`.execute(db)
}

interface Watched {
  readonly table: string
  readonly name: string
  readonly events: string
  readonly when?: string
}

/** Always: also for sessions that replicate. */
async function watch(db: Kysely<MigrationSchema>, { table, name, events, when }: Watched): Promise<void> {
  const condition = when === undefined ? sql`` : sql`when (${sql.raw(when)})`
  await sql`
    create constraint trigger ${sql.id(name)} after ${sql.raw(events)} on ${sql.table(table)}
    deferrable initially deferred for each row ${condition} execute function policy_changed()
  `.execute(db)
  await sql`alter table ${sql.table(table)} enable always trigger ${sql.id(name)}`.execute(db)
}
