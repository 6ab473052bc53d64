import { sql, type Generated, type Kysely } from 'kysely'
import { boundAudit, guardChains } from './audit-bounds.js'
import { forwardSource, maintainedSource, refuseSource, standsSource, unsettledSource } from './audit-functions.js'
import type { MigrationSchema } from '../migrate.js'

/** Rows of one writer, each with a seal over it and the one before. */
export interface AuditChainTable {
  readonly name: string
  /** `server`: one process at a time writes it. `changes`: whoever changes something, by the same transaction. `legacy`: up to which row there were no chains. */
  readonly kind: 'changes' | 'legacy' | 'server'
  /** Whose database it was begun in: a tenant's id, or `master`. */
  readonly place: string
  /** Which key seals it. */
  readonly key: string
  /** Of its last row. */
  readonly sequence: Generated<string>
  /** The seal of its last row. */
  readonly mac: Uint8Array
  /** Up to here every intent has its outcome. */
  readonly settled: Generated<string>
  /** The process that writes it, until `held_until`. */
  readonly holder: string | null
  readonly held_until: Date | null
  /** Its last row that was removed when its term was over, and a seal over that. */
  readonly anchor_sequence: Generated<string>
  readonly anchor_mac: Uint8Array | null
  readonly anchor_seal: Uint8Array | null
  readonly created_at: Generated<Date>
}

/** Rows of changes that take rights away, while the trail itself cannot be written. */
export interface AuditOutboxTable {
  readonly id: Generated<string>
  /** As JSON. */
  readonly row: string
  readonly mac: Uint8Array
  readonly at: Generated<Date>
}

/** Which rows have left the outbox: none comes back, though somebody has kept a copy. */
export interface AuditAdoptedTable {
  readonly nonce: string
}

/** Signed words on how far every chain had come. */
export interface AuditCheckpointTable {
  readonly id: Generated<string>
  readonly at: Generated<Date>
  readonly document: string
}

/** How far somebody who is sent the trail has it. */
export interface AuditCursorTable {
  readonly destination: string
  readonly chain: string
  readonly sequence: string
  readonly sent_at: Generated<Date>
}

/** Joins the rows of `audit_event` to chains; the same in every database. */
export async function createAuditChains(db: Kysely<MigrationSchema>): Promise<void> {
  await addColumns(db)
  await createChain(db)
  await db.schema
    .createTable('audit_outbox')
    .addColumn('id', 'bigint', (column) => column.primaryKey().generatedAlwaysAsIdentity())
    .addColumn('row', 'text', (column) => column.notNull())
    .addColumn('mac', 'bytea', (column) => column.notNull())
    .addColumn('at', 'timestamptz', (column) => column.notNull().defaultTo(sql`clock_timestamp()`))
    .execute()
  await db.schema
    .createTable('audit_adopted')
    .addColumn('nonce', 'text', (column) => column.primaryKey())
    .execute()
  await db.schema
    .createTable('audit_checkpoint')
    .addColumn('id', 'bigint', (column) => column.primaryKey().generatedAlwaysAsIdentity())
    .addColumn('at', 'timestamptz', (column) => column.notNull().defaultTo(sql`clock_timestamp()`))
    .addColumn('document', 'text', (column) => column.notNull())
    .execute()
  await db.schema
    .createTable('audit_cursor')
    .addColumn('destination', 'text', (column) => column.notNull())
    .addColumn('chain', 'text', (column) => column.notNull())
    .addColumn('sequence', 'bigint', (column) => column.notNull())
    .addColumn('sent_at', 'timestamptz', (column) => column.notNull().defaultTo(sql`clock_timestamp()`))
    .addPrimaryKeyConstraint('audit_cursor_pkey', ['destination', 'chain'])
    .execute()
  await guardRows(db)
  await guardChains(db)
  await createUnsettled(db)
  await boundAudit(db)
}

async function addColumns(db: Kysely<MigrationSchema>): Promise<void> {
  await db.schema
    .alterTable('audit_event')
    .addColumn('trace_id', 'text')
    .addColumn('intent_id', 'text')
    .addColumn('milliseconds', 'double precision')
    .addColumn('personal', 'jsonb')
    .addColumn('chain', 'text')
    .addColumn('sequence', 'bigint')
    // Over the subject and what else is about people, so that these can go and the seal still holds.
    .addColumn('salt', 'bytea')
    .addColumn('commitment', 'bytea')
    .addColumn('mac', 'bytea')
    .addColumn('erased_by', 'text')
    .addColumn('erasure_seal', 'bytea')
    .execute()
  await sql`
    alter table audit_event add constraint audit_event_chained
      check ((chain is null) = (sequence is null) and (chain is null) = (mac is null))
  `.execute(db)
  await sql`create unique index audit_event_chain on audit_event (chain, sequence)`.execute(db)
  await sql`create index audit_event_request_id on audit_event (request_id)`.execute(db)
  await sql`create index audit_event_at on audit_event using brin (at)`.execute(db)
}

async function createChain(db: Kysely<MigrationSchema>): Promise<void> {
  await db.schema
    .createTable('audit_chain')
    .addColumn('name', 'text', (column) => column.primaryKey())
    .addColumn('kind', 'text', (column) => column.notNull().check(sql`kind in ('changes', 'legacy', 'server')`))
    .addColumn('place', 'text', (column) => column.notNull())
    .addColumn('key', 'text', (column) => column.notNull())
    .addColumn('sequence', 'bigint', (column) => column.notNull().defaultTo(0))
    .addColumn('mac', 'bytea', (column) => column.notNull())
    .addColumn('settled', 'bigint', (column) => column.notNull().defaultTo(0))
    .addColumn('holder', 'text')
    .addColumn('held_until', 'timestamptz')
    .addColumn('anchor_sequence', 'bigint', (column) => column.notNull().defaultTo(0))
    .addColumn('anchor_mac', 'bytea')
    .addColumn('anchor_seal', 'bytea')
    .addColumn('created_at', 'timestamptz', (column) => column.notNull().defaultTo(sql`clock_timestamp()`))
    .addCheckConstraint('audit_chain_settled', sql`settled <= sequence and anchor_sequence <= sequence`)
    .execute()
  await sql`
    insert into audit_chain (name, kind, place, key, sequence, mac)
    select 'legacy', 'legacy', '', '', max(id), '' from audit_event having count(*) > 0
  `.execute(db)
}

/** Nobody changes or removes a row by mistake, its owner included; only who says that this is what it means to do. */
async function guardRows(db: Kysely<MigrationSchema>): Promise<void> {
  await sql`
    create function audit_maintained(of oid) returns boolean language sql stable
      set search_path = pg_catalog, public, pg_temp as $$${sql.raw(maintainedSource)}$$
  `.execute(db)
  await sql`
    create function audit_refuse() returns trigger language plpgsql set search_path = pg_catalog, public, pg_temp
      as $$${sql.raw(refuseSource)}$$
  `.execute(db)
  for (const table of ['audit_event', 'audit_checkpoint']) {
    await sql`
      create trigger ${sql.id(`${table}_rows`)} before update or delete on ${sql.table(table)}
        for each row execute function audit_refuse()
    `.execute(db)
    await sql`
      create trigger ${sql.id(`${table}_all`)} before truncate on ${sql.table(table)}
        for each statement execute function audit_refuse()
    `.execute(db)
  }
  await sql`
    create function audit_forward() returns trigger language plpgsql set search_path = pg_catalog, public, pg_temp
      as $$${sql.raw(forwardSource)}$$
  `.execute(db)
  await sql`
    create trigger audit_chain_rows before update or delete on audit_chain for each row execute function audit_forward()
  `.execute(db)
  await sql`
    create trigger audit_chain_all before truncate on audit_chain for each statement execute function audit_refuse()
  `.execute(db)
}

/** The intents of a chain that no outcome has followed, and whether a row is there, for whoever may add to the trail and not read it. */
async function createUnsettled(db: Kysely<MigrationSchema>): Promise<void> {
  await sql`
    create function audit_unsettled(of text, beyond bigint)
      returns table (
        type text, issuer text, subject text, client_id text, request_id text, intent_id text, trace_id text, operation text
      )
      language sql stable security definer set search_path = pg_catalog, public, pg_temp as $$${sql.raw(unsettledSource)}$$
  `.execute(db)
  await sql`revoke all on function audit_unsettled(text, bigint) from public`.execute(db)
  // Whoever has made a seal finds out whether its row stands.
  await sql`
    create function audit_stands(of text, at bigint, seal bytea) returns boolean
      language sql stable security definer set search_path = pg_catalog, public, pg_temp as $$${sql.raw(standsSource)}$$
  `.execute(db)
  await sql`revoke all on function audit_stands(text, bigint, bytea) from public`.execute(db)
}
