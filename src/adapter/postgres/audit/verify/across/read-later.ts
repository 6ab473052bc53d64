import { sql, type QueryExecutorProvider } from 'kysely'
import type { AuditSeal } from '../../audit-seal.js'
import type { Findings } from '../findings.js'
import { noteRecord } from '../note-record.js'
import type { ReadChain } from '../read-chains.js'
import { readJoined } from '../read-rows.js'
import { isSealed } from '../verify-row.js'

const rowsPerPage = 1000

export interface LaterOptions {
  readonly seal: AuditSeal
  /** As they were when their rows were looked at. */
  readonly chains: readonly ReadChain[]
  readonly findings: Findings
}

/** Remembers what the trail says about itself behind the rows that were looked at: the retention moves such records there. */
export async function readLater(step: QueryExecutorProvider, options: LaterOptions): Promise<void> {
  const ends = new Map(options.chains.map(({ name, sequence }) => [name, sequence]))
  const { rows: chains } = await sql<{ readonly name: string; readonly sequence: number }>`
    select name, sequence::float8 as sequence from audit_chain order by name
  `.execute(step)
  for (const { name, sequence } of chains) {
    const end = ends.get(name) ?? 0
    if (end < sequence) await readBehind(step, { name, sequence: end }, options)
  }
}

async function readBehind(
  step: QueryExecutorProvider,
  { name, sequence: end }: Pick<ReadChain, 'name' | 'sequence'>,
  { findings, seal }: LaterOptions,
): Promise<void> {
  for (let after = end; ;) {
    const { rows } = await sql<{ readonly id: number; readonly sequence: number; readonly isRecord: boolean }>`
      select e.id::float8 as id, e.sequence::float8 as sequence, e.type = 'audit.maintained' as "isRecord"
      from audit_event e where e.chain = ${name} and e.sequence > ${after} order by e.sequence limit ${rowsPerPage}
    `.execute(step)
    const ids = rows.flatMap(({ id, isRecord }) => (isRecord && Number.isSafeInteger(id) ? [id] : []))
    for (const row of await readJoined(step, ids)) {
      const { chain, key, place, sequence } = row
      const before = sequence === 1 ? seal.begin(place, chain) : row.before
      const isOurs = key === seal.key && before !== null && isSealed(seal, row, before, { chain, place, sequence })
      if (isOurs) noteRecord(row, { findings, place })
    }
    if (rows.length < rowsPerPage) return
    after = rows.at(-1)?.sequence ?? after
  }
}
