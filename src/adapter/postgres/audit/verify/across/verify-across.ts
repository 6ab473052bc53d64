import type { Kysely, QueryExecutorProvider } from 'kysely'
import type { AuditTables } from '../../../schema/audit/audit-schema.js'
import { timeOf, type Findings } from '../findings.js'
import { isLegacy, readChain } from '../read-chains.js'
import { judgeCalls } from './judge-calls.js'
import { judgeErased } from './judge-erased.js'
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
      await judgeCalls(step, { findings, key: seal.key })
    })
  judgeRepeats(findings)
}

/** Rows from before there were chains that the retention has removed are not there again. */
async function judgeRemoved(step: QueryExecutorProvider, findings: Findings): Promise<void> {
  const legacy = await readChain(step, 'legacy')
  const { oldRemoved } = findings.records
  if (legacy === undefined || !isLegacy(legacy) || legacy.anchor >= oldRemoved) return
  const what = `rows from before there were chains are said to begin behind ${legacy.anchor}, and were removed up to ${oldRemoved}`
  findings.add({ kind: 'anchor_forged', chain: legacy.name, sequence: legacy.anchor, what })
}

/** What waited beside the trail comes into it once, before anything as old is removed: whoever has kept a copy of the row there can put it back. */
function judgeRepeats(findings: Findings): void {
  const { noted, records } = findings
  for (const { at, chain, isRepeated, kept, sequence } of noted.waited) {
    if (!isRepeated && !records.isRemovedBetween(kept, at)) continue
    const what = isRepeated
      ? 'the row has waited beside the trail, and had come into it before'
      : 'the row has waited beside the trail, and came into it after rows as old as it were removed: it had come into it before'
    findings.add({ kind: 'row_repeated', chain, sequence, at: timeOf(at), what })
  }
}
