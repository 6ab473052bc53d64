import { sql, type QueryExecutorProvider } from 'kysely'
import type { StoredRow } from '../audit-row.js'
import type { AuditSeal, ChainEnd, SealedRow } from '../audit-seal.js'

/** How long a chain is its holder's after it last wrote to it or said that it is alive. */
export const leaseSeconds = 20
/** Further from the database's clock no row is dated. */
const toleratedMicroseconds = 2_000_000

/** The end of a chain that this process may go on with. */
export interface HeldEnd extends ChainEnd {
  /** Whoever it is for the moment; `null` where a lock on its row is what holds it. */
  readonly holder: string | null
  /** Up to here every intent has its outcome. */
  readonly settled: number
}

/** Where the last of some rows stands if they were written, and in whose words the chain was held then. */
export type Whereabouts = Pick<HeldEnd, 'holder' | 'mac' | 'name' | 'sequence'>

/** What is to be added, and when. */
export interface Addition {
  readonly rows: readonly StoredRow[]
  /** Microseconds since the epoch, by the database's clock. */
  readonly at: number
  /** Up to where every intent has its outcome then, by the end that it comes to. */
  readonly settle: (end: number) => number
}

export interface Added {
  /** `undefined` where the chain does not end there any more, is not the holder's, or the clock went another way: nothing was added. */
  readonly end: HeldEnd | undefined
  /** Microseconds since the epoch, by the database's clock. */
  readonly now: number
}

/** Rows as they are sent to the database, and where the chain ends with them. */
export interface SealedAddition {
  readonly rows: readonly SealedRow[]
  readonly at: number
  readonly end: HeldEnd
  readonly next: HeldEnd
}

/** Joins rows to a chain and moves its end, both or neither, by one statement. */
export async function appendRows(
  db: QueryExecutorProvider,
  seal: AuditSeal,
  parts: { readonly addition: Addition; readonly end: HeldEnd },
): Promise<Added> {
  return appendSealed(db, sealAddition(seal, parts))
}

/** Seals rows as the next of a chain. */
export function sealAddition(
  seal: AuditSeal,
  { addition, end }: { readonly addition: Addition; readonly end: HeldEnd },
): SealedAddition {
  const rows = seal.seal(addition.rows, end, addition.at)
  const sequence = end.sequence + rows.length
  const next = { ...end, sequence, mac: rows.at(-1)?.mac ?? end.mac, settled: addition.settle(sequence) }
  return { rows, at: addition.at, end, next }
}

/** The same as `appendRows` with rows that are sealed. */
export async function appendSealed(
  db: QueryExecutorProvider,
  { at, end, next, rows: sealed }: SealedAddition,
): Promise<Added> {
  const json = JSON.stringify(
    sealed.map((row) => ({ ...row, salt: bytea(row.salt), commitment: bytea(row.commitment), mac: bytea(row.mac) })),
  )
  const { rows } = await sql<{ readonly added: number; readonly now: number }>`
    with moved as (
      update audit_chain set
        sequence = ${next.sequence}, mac = ${next.mac}, settled = ${next.settled},
        held_until = case when holder is not null then clock_timestamp() + make_interval(secs => ${leaseSeconds}) end
      where name = ${end.name} and sequence = ${end.sequence} and mac = ${end.mac}
        and holder is not distinct from ${end.holder}
        and abs(extract(epoch from clock_timestamp()) * 1000000::numeric - ${at}) < ${toleratedMicroseconds}
      returning 1
    ), added as (
      insert into audit_event (
        at, type, issuer, subject, client_id, request_id, intent_id, trace_id, operation, reason, milliseconds,
        detail, personal, count, chain, sequence, salt, commitment, mac
      )
      select
        timestamptz 'epoch' + row.at::float8 * interval '1 microsecond', type, issuer, subject, client_id, request_id,
        intent_id, trace_id, operation, reason, milliseconds, detail, personal, count, chain, sequence, salt, commitment, mac
      from jsonb_to_recordset(${json}::jsonb) as row (
        at bigint, type text, issuer text, subject text, client_id text, request_id text, intent_id text, trace_id text,
        operation text, reason text, milliseconds double precision, detail jsonb, personal jsonb, count integer,
        chain text, sequence bigint, salt bytea, commitment bytea, mac bytea
      ), moved
      order by sequence
      returning 1
    )
    select (select count(*) from added)::int as added,
      (extract(epoch from clock_timestamp()) * 1000000::numeric)::float8 as now
  `.execute(db)
  const answer = rows[0]
  return { end: answer?.added === sealed.length ? next : undefined, now: answer?.now ?? at }
}

function bytea(bytes: Buffer | null): string | null {
  return bytes && `\\x${bytes.toString('hex')}`
}
