import { sql, type QueryExecutorProvider } from 'kysely'
import type { AuditSeal } from '../../audit-seal.js'
import type { ReadChain } from '../../verify/read-chains.js'
import { findWritten } from '../find-written.js'

/** What the two parts of a call are called. */
export const callTypes = {
  intents: sql`'operation.allowed', 'credential.read'`,
  outcomes: sql`'operation.outcome', 'credential.outcome'`,
} as const

export interface LooseOptions {
  readonly chain: Omit<ReadChain, 'first' | 'last'>
  /** The last row that is to go. */
  readonly to: number
  /** Whose database. */
  readonly own: string
  readonly seal: AuditSeal
}

/** A row that must not go, and why that is not as it should be. */
export interface LooseRow {
  readonly sequence: number
  readonly fault: string | undefined
}

interface CallPart {
  readonly sequence: number
  readonly isIntent: boolean
  /** Rows that say they are its other part, elsewhere in chains of ours. */
  readonly others: readonly number[]
}

/**
 * The first row up to `to` that has to stay for the sake of its call: an intent without an outcome, or an outcome whose intent stays
 * in another chain. Only what is as it was written counts: nobody who can add rows ends somebody else's call.
 */
export async function findLoose(
  step: QueryExecutorProvider,
  { chain, own, seal, to }: LooseOptions,
): Promise<LooseRow | undefined> {
  // Of others nobody can tell, and nobody ends their calls any more.
  if (chain.kind === 'legacy' || chain.place !== own || chain.key !== seal.key) return undefined
  const parts = await readParts(step, { chain, own, seal, to })
  const others = parts.flatMap((part) => part.others)
  const written = await findWritten(step, others, { seal, own, persons: ['as written', 'erased'] })
  for (const { isIntent, others: ids, sequence } of parts) {
    const hasOther = ids.some((id) => written.has(id))
    if (isIntent === hasOther) continue
    if (!isIntent) return { sequence, fault: undefined }
    if (chain.kind === 'server') return { sequence, fault: `no outcome is on record of the call in row ${sequence}` }
  }
  return undefined
}

/** Parts of calls whose other part does not go with them. */
async function readParts(
  step: QueryExecutorProvider,
  { chain: { anchor, name }, own, seal, to }: LooseOptions,
): Promise<readonly CallPart[]> {
  const { intents, outcomes } = callTypes
  const goes = sql<boolean>`(o.chain = ${name} and o.sequence <= ${to})`
  // Found by their requests alone: chains are filters, lest one be walked for each row.
  const { rows } = await sql<CallPart>`
    select e.sequence::float8 as sequence, e.type in (${intents}) as "isIntent", coalesce(parts.others, '{}') as others
    from audit_event e, lateral (
      select bool_or(${goes}) as together, array_agg(o.id::float8) filter (
        where not ${goes} and (select c.key from audit_chain c where c.name = o.chain and c.place = ${own}) = ${seal.key}
      ) as others
      from audit_event o
      where o.request_id = e.request_id and o.intent_id = e.intent_id
        and case when e.type in (${intents}) then o.type in (${outcomes}) else o.type in (${intents}) end
    ) parts
    where e.chain = ${name} and e.sequence > ${anchor} and e.sequence <= ${to}
      and e.intent_id is not null and e.type in (${intents}, ${outcomes}) and parts.together is not true
    order by e.sequence
  `.execute(step)
  return rows
}
