import { sql, type Kysely, type QueryExecutorProvider } from 'kysely'
import type { AuditTables } from '../../../schema/audit-schema.js'
import type { Findings } from '../findings.js'
import { isLegacy, readChain } from '../read-chains.js'
import { judgeCalls } from './judge-calls.js'
import { judgeRepeats } from './judge-repeats.js'
import { readLater, type LaterOptions } from './read-later.js'

/**
 * Looks, after the rows of every chain, at what only all of them together tell, at one moment: whoever removes or erases rows
 * meanwhile has done so with its record, or not yet.
 */
export async function verifyAcross(db: Kysely<AuditTables>, options: LaterOptions): Promise<void> {
  const { findings, seal } = options
  await db
    .transaction()
    .setIsolationLevel('repeatable read')
    .execute(async (step) => {
      await readLater(step, options)
      await judgeRemoved(step, findings)
      await judgeErased(step, findings)
      await judgeRepeats(step, findings)
      await judgeCalls(step, { findings, key: seal.key })
    })
}

/** Rows from before there were chains that the retention has removed are not there again. */
async function judgeRemoved(step: QueryExecutorProvider, findings: Findings): Promise<void> {
  const legacy = await readChain(step, 'legacy')
  const { oldRemoved } = findings.records
  if (legacy === undefined || !isLegacy(legacy) || legacy.anchor >= oldRemoved) return
  const what = `rows from before there were chains are said to begin behind ${legacy.anchor}, and were removed up to ${oldRemoved}`
  findings.add({ kind: 'anchor_forged', chain: legacy.name, sequence: legacy.anchor, what })
}

/** What erasures have taken nobody has put back. */
async function judgeErased(step: QueryExecutorProvider, findings: Findings): Promise<void> {
  const { rows: found } = await sql<{ readonly reference: string; readonly rows: number }>`
    select erased_by as reference, count(*)::float8 as rows from audit_event
    where chain is not null and erased_by is not null group by erased_by
  `.execute(step)
  const erased = new Map(found.map(({ reference, rows }) => [reference, rows]))
  for (const { reference, rows } of findings.records.leftByErasures()) {
    const back = rows - (erased.get(reference) ?? 0)
    if (back <= 0 || !(await isOnRecord(step, reference))) continue
    const what = `the erasure ${reference} has taken what rows say of people, and ${back} of them are not as it has left them`
    findings.add({ kind: 'erasure_undone', what })
  }
}

/** The record goes once the last of the rows is removed. */
async function isOnRecord(step: QueryExecutorProvider, reference: string): Promise<boolean> {
  const { rows } = await sql`
    select from audit_event
    where type = 'audit.maintained' and reason = 'erased' and chain is not null
      and detail->>'reference' = ${reference} and detail->>'chained' is not null
    limit 1
  `.execute(step)
  return rows.length > 0
}
