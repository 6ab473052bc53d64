import { sql, type Kysely } from 'kysely'
import { beginSource } from './audit-functions.js'
import type { MigrationSchema } from '../migrate.js'

/** Beyond it a number is not exact where it is read. */
const largest = sql.lit(Number.MAX_SAFE_INTEGER)
/** More bytes than these no row has that waits beside the trail. */
const longestKept = 262_144
/** Room for what is said of 10,000 chains. */
const longestCheckpoint = 8_388_608
/** More bytes than these has nothing that a chain says of itself. */
const longestWord = 128
/** Run with the rights of their owner, and made by earlier migrations. */
const definers = ['policy_changed', 'account_restamped', 'account_proof_gone', 'account_proof_demanded']

/** Whoever may only add to the trail begins a chain at its beginning, and none that others have left. */
export async function guardChains(db: Kysely<MigrationSchema>): Promise<void> {
  await sql`
    create function audit_begin() returns trigger language plpgsql set search_path = pg_catalog, public, pg_temp
      as $$${sql.raw(beginSource)}$$
  `.execute(db)
  await sql`
    create trigger audit_chain_begin before insert on audit_chain for each row execute function audit_begin()
  `.execute(db)
}

/** What no row can be, whoever writes it. */
export async function boundAudit(db: Kysely<MigrationSchema>): Promise<void> {
  await sql`
    alter table audit_chain add constraint audit_chain_numbers check (
      sequence between 0 and ${largest} and settled between 0 and ${largest} and anchor_sequence between 0 and ${largest}
    )
  `.execute(db)
  // Rows of earlier versions are not looked at: nothing is refused that is there.
  await sql`
    alter table audit_event
      add constraint audit_event_number check (sequence between 0 and ${largest}) not valid,
      add constraint audit_event_time check (
        at >= timestamptz '2000-01-01 00:00:00+00' and at < timestamptz '10000-01-01 00:00:00+00'
      ) not valid
  `.execute(db)
  await sql`
    alter table audit_outbox add constraint audit_outbox_length check (octet_length("row") <= ${sql.lit(longestKept)})
  `.execute(db)
  await sql`
    alter table audit_checkpoint add constraint audit_checkpoint_length
      check (octet_length(document) <= ${sql.lit(longestCheckpoint)})
  `.execute(db)
  await sql`alter table audit_adopted add constraint audit_adopted_length check (length(nonce) <= 64)`.execute(db)
  await hideTemporary(db)
}

/** What a chain says of itself is no longer than what a server writes: so many of them fit into a checkpoint. */
export async function boundChains(db: Kysely<MigrationSchema>): Promise<void> {
  const longest = (columns: readonly string[]) =>
    sql.join(
      columns.map((column) => sql`octet_length(${sql.ref(column)}) <= ${sql.lit(longestWord)}`),
      sql` and `,
    )
  const words = ['name', 'place', 'key', 'mac', 'holder', 'anchor_mac', 'anchor_seal']
  // What is there stays, and is found: whoever has put it there must not keep a database from being migrated.
  await sql`
    alter table audit_chain add constraint audit_chain_lengths check (${longest(words)}) not valid
  `.execute(db)
  await sql`
    alter table audit_event add constraint audit_event_chain_length check (${longest(['chain'])}) not valid
  `.execute(db)
}

/** Nothing temporary stands before what a function with the rights of another means. */
async function hideTemporary(db: Kysely<MigrationSchema>): Promise<void> {
  const { rows } = await sql<{ readonly name: string }>`
    select proname as name from pg_proc
    where pronamespace = 'public'::regnamespace and prosecdef and pronargs = 0 and proname = any(${definers}::text[])
  `.execute(db)
  for (const { name } of rows)
    await sql`alter function ${sql.id(name)}() set search_path = pg_catalog, public, pg_temp`.execute(db)
}
