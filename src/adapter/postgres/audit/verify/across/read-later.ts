import { sql, type QueryExecutorProvider } from 'kysely'
import type { AuditSeal } from '../../audit-seal.js'
import type { Findings } from '../findings.js'
import { noteRecord } from '../note-record.js'
import { isCounted, type ReadChain } from '../read-chains.js'
import { readJoined } from '../read-rows.js'
import { isSealed } from '../verify-row.js'

const rowsPerPage = 500

export interface LaterOptions {
  readonly seal: AuditSeal
  /** As they were when their rows were looked at. */
  readonly chains: readonly ReadChain[]
  readonly findings: Findings
}

/** Remembers what the trail says about itself behind the rows that were looked at: the retention moves such records there. */
export async function readLater(step: QueryExecutorProvider, { chains, findings, seal }: LaterOptions): Promise<void> {
  const ends = chains.map((chain) => ({ name: chain.name, end: isCounted(chain) ? chain.sequence : null }))
  for (let after = 0; ;) {
    const { rows } = await sql<{ readonly id: number }>`
      select e.id::float8 as id
      from audit_chain c left join jsonb_to_recordset(${JSON.stringify(ends)}::jsonb) as w (name text, "end" bigint) on w.name = c.name
      join audit_event e on e.chain = c.name and e.sequence > case when w.name is null then 0 else w."end" end
      where e.type = 'audit.maintained' and e.reason in ('erased', 'pruned', 'restored') and e.id > ${after}
      order by e.id limit ${rowsPerPage}
    `.execute(step)
    const ids = rows.map(({ id }) => id)
    for (const row of await readJoined(step, ids)) {
      const { chain, key, place, sequence } = row
      const before = sequence === 1 ? seal.begin(place, chain) : row.before
      const isOurs = key === seal.key && before !== null && isSealed(seal, row, before, { chain, place, sequence })
      if (isOurs) noteRecord(row, { findings, place })
    }
    if (ids.length < rowsPerPage) return
    after = ids.at(-1) ?? after
  }
}
