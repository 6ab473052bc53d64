import { sql, type QueryExecutorProvider } from 'kysely'
import type { HeldEnd } from '../chain/append-rows.js'
import type { StoredRow } from '../audit-row.js'
import type { AuditSeal } from '../audit-seal.js'
import type { ReadRow } from '../verify/read-rows.js'
import { isSealed, personsOf } from '../verify/verify-row.js'

type IntentRow = Omit<ReadRow, 'open'> & {
  /** The seal of the row before. */
  readonly before: Buffer | null
}

export interface IntentsOptions {
  readonly seal: AuditSeal
  /** Of the chain that they are in. */
  readonly end: HeldEnd
  /** What the database says is open. */
  readonly intents: readonly Pick<StoredRow, 'intent_id' | 'request_id'>[]
}

/** Which intents are in the chain as they were written, whatever the database says of them: nothing else is given an outcome. */
export async function writtenIntents(
  step: QueryExecutorProvider,
  { end, intents, seal }: IntentsOptions,
): Promise<readonly StoredRow[]> {
  const requests = intents.map(({ request_id: id }) => id)
  const names = intents.map(({ intent_id: id }) => id)
  const { rows } = await sql<IntentRow>`
    select * from audit_intents(${end.name}, ${end.settled}, ${requests}::text[], ${names}::text[]) order by sequence
  `.execute(step)
  const taken = new Set<string>()
  return rows.filter((row) => {
    const call = JSON.stringify([row.request_id, row.intent_id])
    if (taken.has(call) || !isWritten(seal, row, end)) return false
    taken.add(call)
    return true
  })
}

function isWritten(seal: AuditSeal, row: IntentRow, { name: chain, place, sequence: end }: HeldEnd): boolean {
  const { sequence } = row
  const where = { place, chain, sequence }
  const before = sequence === 1 ? seal.begin(place, chain) : row.before
  if (sequence > end || before === null || !isSealed(seal, row, before, where)) return false
  return ['as written', 'erased'].includes(personsOf(seal, row, where))
}
