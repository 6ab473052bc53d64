import { sql, type Kysely, type QueryExecutorProvider } from 'kysely'
import { UpstreamError } from '../../../../core/error/upstream-error.js'
import type { AuditTables } from '../../schema/audit/audit-schema.js'
import { appendRows, type HeldEnd } from '../chain/append-rows.js'
import { chainColumns, findOther, isFree, take, type ChainRow, type Claimant } from '../chain/claim-chain.js'
import { unknownOutcomes, type Intent } from './open-intents.js'
import { writtenIntents } from './written-intents.js'

/** Of one transaction; what a busy process has left takes several. */
const unknownAtOnce = 500
/** That are looked through by one statement, however many have come behind a call that took hours. */
const numbersAtOnce = 20_000

/** Intents among the next rows of a chain that have no outcome. */
interface Look {
  readonly intents: readonly Intent[]
  /** Up to where every intent has its outcome, with theirs. */
  readonly settled: number | 'end'
}

/**
 * Writes the outcomes of what processes that are gone have left open in one database, which nobody knows; answers with how many
 * those are. Each by one transaction with its chain, so that no other says so too; of one that takes no rows they are in another. `adopt`
 * moves there first what waits beside the trail.
 */
export async function settleAbandoned(
  db: Kysely<AuditTables>,
  claimant: Claimant,
  adopt: (step: Kysely<AuditTables>) => Promise<unknown>,
): Promise<number> {
  const { broken, place } = claimant
  for (let settled = 0; ;) {
    let writing: string | undefined
    const settling = db.transaction().execute(async (step) => {
      const found = await findAbandoned(step, claimant)
      if (found === undefined) return undefined
      const end = await hold(step, claimant, found)
      // Whoever left the chain in order has put aside how its calls came out before that.
      await adopt(step)
      const look = await lookThrough(step, claimant, end)
      if (look.intents.length > 0) {
        const into = broken.names.includes(end.name) ? await hold(step, claimant, await findOther(step, claimant)) : end
        writing = into.name
        await write(step, claimant, { into, intents: look.intents })
        if (into !== end) await settle(step, into, 'end')
      }
      await settle(step, end, look.settled)
      return look.intents.length
    })
    const more = await settling.catch((error: unknown) => {
      // One that takes no rows must not keep those behind it waiting.
      if (writing !== undefined && broken.giveUp({ name: writing, place }, error)) return 0
      throw error
    })
    if (more === undefined) return settled
    settled += more
  }
}

async function findAbandoned(step: QueryExecutorProvider, claimant: Claimant): Promise<ChainRow | undefined> {
  const { rows } = await sql<ChainRow>`
    select ${chainColumns} from audit_chain
    where ${isFree(claimant)} and settled < sequence and split_part(coalesce(holder, ''), '.', 1) <> ${claimant.writer}
    order by name limit 1 for update skip locked
  `.execute(step)
  return rows[0]
}

async function hold(step: QueryExecutorProvider, { place, writer }: Claimant, chain: ChainRow): Promise<HeldEnd> {
  const { end } = await take(step, { place, holder: `${writer}.settling` }, chain)
  return end
}

async function lookThrough(step: QueryExecutorProvider, { seal }: Claimant, end: HeldEnd): Promise<Look> {
  const { name, sequence, settled } = end
  const { rows } = await sql<Intent & { readonly looked: number | null }>`
    select looked::float8 as looked, type, issuer, subject, client_id, request_id, intent_id, trace_id, operation
    from audit_unsettled(${name}, ${settled}, ${numbersAtOnce}) limit ${unknownAtOnce + 1}
  `.execute(step)
  const looked = rows[0]?.looked ?? sequence
  const open = rows.filter(({ type }) => type !== null)
  const intents = await writtenIntents(step, { seal, end, intents: open.slice(0, unknownAtOnce) })
  // What is not as it was written stays without an outcome.
  if (open.length > unknownAtOnce && intents.length > 0) return { intents, settled }
  return { intents, settled: looked < sequence ? looked : 'end' }
}

async function write(
  step: QueryExecutorProvider,
  { seal }: Claimant,
  { intents, into }: { readonly into: HeldEnd; readonly intents: readonly Intent[] },
): Promise<void> {
  const { rows: times } = await sql<{ readonly now: number }>`
    select (extract(epoch from clock_timestamp()) * 1000000::numeric)::float8 as now
  `.execute(step)
  const addition = { rows: unknownOutcomes(intents), at: Math.floor(times[0]?.now ?? 0), settle: () => into.settled }
  const { end: next } = await appendRows(step, seal, { addition, end: into })
  if (next === undefined) throw new UpstreamError('OVERLOADED', 'the audit trail did not take what became unknown')
}

/** Leaves the chain to whoever comes next. */
async function settle(step: QueryExecutorProvider, { holder, name }: HeldEnd, settled: Look['settled']): Promise<void> {
  await sql`
    update audit_chain set settled = ${settled === 'end' ? sql`sequence` : settled}, holder = null, held_until = null
    where name = ${name} and holder = ${holder}
  `.execute(step)
}
