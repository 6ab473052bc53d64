import { sql, type Kysely, type QueryExecutorProvider } from 'kysely'
import {
  digestOf,
  isSignedBy,
  parseCheckpoint,
  type CheckpointSigner,
  type SignedCheckpoint,
} from '../../../../core/audit/audit-checkpoint.js'
import type { AuditTables } from '../../schema/audit/audit-schema.js'
import type { AuditSeal } from '../audit-seal.js'
import { isLegacy } from '../verify/read-chains.js'
import { holdMaintenance } from './begin-maintenance.js'
import { readEnds } from './read-ends.js'

const documentsPerPage = 100

export interface CheckpointMaker {
  readonly signer: CheckpointSigner
  readonly seal: AuditSeal
  /** A tenant's id, or `master`. */
  readonly place: string
  readonly tenant: string | undefined
  /** Whether this is the first one of a database that nobody but us has had: what a restore has brought is told then. */
  readonly isFirst?: boolean
}

/**
 * Says how far every chain of a database has come, and keeps that in the database, too; `db` is its owner. Of a chain that does not
 * end as it says it says what it said before, and nothing where that is nothing. With `where changed`
 * nothing is said, and `undefined` the answer, where that is what the last one says.
 */
export async function makeCheckpoint(
  db: Kysely<AuditTables>,
  { isFirst = false, place, seal, signer, tenant }: CheckpointMaker,
  which: 'always' | 'where changed',
): Promise<SignedCheckpoint | undefined> {
  return db.transaction().execute(async (step) => {
    await holdMaintenance(step)
    await sql`select pg_advisory_xact_lock(hashtextextended('authsec audit checkpoint', 0))`.execute(step)
    const last = await readLast(step, signer.publicKey)
    const chains = await readEnds(step, {
      ...{ seal, own: place, last: last?.chains ?? [] },
      foreign: isFirst ? 'all' : 'told before',
    })
    const at = await readTime(step)
    if (which === 'where changed' && JSON.stringify(last?.chains ?? []) === JSON.stringify(chains)) return undefined
    const rows = chains
      .filter((chain) => !isLegacy(chain))
      .reduce((all, { anchor, sequence }) => Math.min(all + sequence - anchor, Number.MAX_SAFE_INTEGER), 0)
    const previous = last === undefined ? null : digestOf(last)
    const checkpoint = signer.sign({ key: seal.key, place, tenant: tenant ?? null, at, chains, rows, previous })
    await sql`insert into audit_checkpoint (document) values (${JSON.stringify(checkpoint)})`.execute(step)
    return checkpoint
  })
}

/** Passes over what is none of this installation's: others can add to the table. */
async function readLast(step: QueryExecutorProvider, publicKey: string): Promise<SignedCheckpoint | undefined> {
  for (let before: string | null = null; ;) {
    const { rows }: { readonly rows: readonly { readonly id: string; readonly document: string }[] } = await sql<{
      readonly id: string
      readonly document: string
    }>`
      select c.id::text as id, document from audit_checkpoint c
      where ${before}::bigint is null or c.id < ${before}::bigint order by c.id desc limit ${documentsPerPage}
    `.execute(step)
    for (const { document, id } of rows) {
      before = id
      const checkpoint = parseCheckpoint(document)
      if (checkpoint !== undefined && isSignedBy(checkpoint, publicKey)) return checkpoint
    }
    if (rows.length < documentsPerPage) return undefined
  }
}

async function readTime(step: QueryExecutorProvider): Promise<string> {
  const { rows } = await sql<{ readonly at: string }>`
    select to_char(clock_timestamp() at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') as at
  `.execute(step)
  return rows[0]?.at ?? ''
}
