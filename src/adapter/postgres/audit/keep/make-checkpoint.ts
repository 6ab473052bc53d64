import { sql, type Kysely, type QueryExecutorProvider } from 'kysely'
import {
  digestOf,
  parseCheckpoint,
  type CheckpointChain,
  type CheckpointSigner,
  type SignedCheckpoint,
} from '../../../../core/audit/audit-checkpoint.js'
import type { AuditTables } from '../../schema/audit-schema.js'

export interface CheckpointMaker {
  readonly signer: CheckpointSigner
  /** Tells which installation. */
  readonly key: string
  /** A tenant's id, or `master`. */
  readonly place: string
  readonly tenant: string | undefined
}

/**
 * Says how far every chain of a database has come, and keeps that in the database, too; `db` is its owner. With `where changed`
 * nothing is said, and `undefined` the answer, where that is what the last one says.
 */
export async function makeCheckpoint(
  db: Kysely<AuditTables>,
  { key, place, signer, tenant }: CheckpointMaker,
  which: 'always' | 'where changed',
): Promise<SignedCheckpoint | undefined> {
  return db.transaction().execute(async (step) => {
    await sql`select pg_advisory_xact_lock(hashtextextended('authsec audit checkpoint', 0))`.execute(step)
    const last = await readLast(step)
    const { at, chains } = await readEnds(step)
    if (which === 'where changed' && JSON.stringify(last?.chains ?? []) === JSON.stringify(chains)) return undefined
    const rows = chains
      .filter(({ kind }) => kind !== 'legacy')
      .reduce((all, { anchor, sequence }) => all + sequence - anchor, 0)
    const previous = last === undefined ? null : digestOf(last)
    const checkpoint = signer.sign({ key, place, tenant: tenant ?? null, at, chains, rows, previous })
    await sql`insert into audit_checkpoint (document) values (${JSON.stringify(checkpoint)})`.execute(step)
    return checkpoint
  })
}

async function readLast(step: QueryExecutorProvider): Promise<SignedCheckpoint | undefined> {
  const { rows } = await sql<{ readonly document: string }>`
    select document from audit_checkpoint order by id desc limit 1
  `.execute(step)
  return rows[0] && parseCheckpoint(rows[0].document)
}

async function readEnds(
  step: QueryExecutorProvider,
): Promise<{ readonly at: string; readonly chains: readonly CheckpointChain[] }> {
  const { rows: chains } = await sql<CheckpointChain>`
    select name, kind, place, key, sequence::float8 as sequence, encode(mac, 'hex') as mac,
      anchor_sequence::float8 as anchor
    from audit_chain order by name collate "C"
  `.execute(step)
  const { rows } = await sql<{ readonly at: string }>`
    select to_char(clock_timestamp() at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') as at
  `.execute(step)
  return { at: rows[0]?.at ?? '', chains }
}
