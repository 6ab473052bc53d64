import { sql, type QueryExecutorProvider } from 'kysely'
import type { AuditSeal } from '../../audit-seal.js'
import { isCounted, isLegacy, readChain, type ReadChain } from '../../verify/read-chains.js'
import { findBounds } from './find-bounds.js'
import { callTypes, findLoose } from './find-loose.js'
import type { Retention } from './retention.js'

const rowsPerBatch = 2000
/** Further than this no transaction goes for calls that overlap all along. */
const mostRows = 32 * rowsPerBatch

/** Rows at the front of a chain that may go. */
export interface PrunedFront {
  readonly chain: Omit<ReadChain, 'first' | 'last'>
  /** The last of them. */
  readonly to: number
  readonly mac: Buffer
}

/** Why none goes although the term of some is over. */
export interface StuckFront {
  readonly chain: PrunedFront['chain']
  readonly fault: string
}

export interface Cutting extends Pick<Retention, 'cutoff' | 'unsent'> {
  readonly name: string
  /** None behind it goes. */
  readonly end: number
  /** Whose database: chains of other places have no writer any more. */
  readonly own: string
  readonly seal: AuditSeal
}

/**
 * The next rows that may go: none that is too young, open, unsent, or part of a call of which another part stays. `undefined` where
 * none may. Where more calls than a batch has overlap without a pause, outcomes stay for the next time whose intents go.
 */
export async function findCut(
  step: QueryExecutorProvider,
  cutting: Cutting,
): Promise<PrunedFront | StuckFront | undefined> {
  const chain = await readChain(step, cutting.name)
  if (chain === undefined || !isCounted(chain)) return undefined
  let fault: string | undefined
  for (let bound = Math.min(cutting.end, await boundOf(step, chain, cutting)); ;) {
    const to = await cutBelow(step, { chain, bound, cutoff: cutting.cutoff })
    if (to === undefined) return fault === undefined ? undefined : { chain, fault }
    const loose = await findLoose(step, { ...cutting, chain, to })
    if (loose === undefined) return { chain, to, mac: await readMac(step, chain, to) }
    fault = loose.fault
    bound = loose.sequence - 1
  }
}

async function boundOf(
  step: QueryExecutorProvider,
  chain: PrunedFront['chain'],
  { own, unsent }: Cutting,
): Promise<number> {
  const { sent, settled } = await findBounds(step, chain, own)
  return Math.min(settled, ...(unsent === 'removed' ? [] : sent.map(({ sequence }) => sequence)))
}

interface Front {
  readonly chain: PrunedFront['chain']
  readonly bound: number
  readonly cutoff: number
}

interface Cut {
  readonly rows: number
  /** The last row that is old enough, and the last one behind which no outcome of a call before it is left. */
  readonly furthest: number | null
  readonly whole: number | null
}

async function cutBelow(step: QueryExecutorProvider, front: Front): Promise<number | undefined> {
  for (let most = rowsPerBatch; ; most *= 2) {
    const { furthest, rows, whole } = await readCut(step, front, most)
    if (whole !== null) return whole
    if (rows === most && most < mostRows) continue
    // They would stay for good.
    return furthest !== null && rows >= rowsPerBatch ? furthest : undefined
  }
}

/** Of so many rows at the front. Outcomes are found by their requests alone: chains are filters, lest one be walked for each of them. */
async function readCut(step: QueryExecutorProvider, { bound, chain, cutoff }: Front, most: number): Promise<Cut> {
  const { rows } = await sql<Cut>`
    with front as (${frontOf(chain, bound, most)}), judged as (
      select front.sequence, front.at >= ${cutoff} or coalesce(ends.at >= ${cutoff}, false) as stays,
        max(ends.sequence) over (order by front.sequence) as reach
      from front left join lateral (
        select (max(o.sequence) filter (where o.chain = ${chain.name}))::float8 as sequence,
          (extract(epoch from max(o.at) filter (where o.chain is not null)) * 1000000::numeric)::float8 as at
        from audit_event o
        where front.type in (${callTypes.intents}) and o.request_id = front.request_id
          and o.intent_id = front.intent_id and o.type in (${callTypes.outcomes})
      ) ends on true
    ), old as (
      select * from judged
      where sequence < coalesce((select min(sequence) from judged where stays), 'infinity'::float8)
    )
    select count(*)::int as rows, max(sequence) as furthest,
      max(sequence) filter (where coalesce(reach, 0) <= sequence) as whole
    from old
  `.execute(step)
  return rows[0] ?? { rows: 0, furthest: null, whole: null }
}

/** The first rows of the chain that are kept. */
function frontOf({ anchor, name, ...chain }: PrunedFront['chain'], bound: number, most: number) {
  const facts = sql`(extract(epoch from at) * 1000000::numeric)::float8 as at, type, request_id, intent_id`
  return isLegacy({ ...chain, name })
    ? sql`
        select id::float8 as sequence, ${facts} from audit_event
        where chain is null and id > ${anchor} and id <= ${bound} order by id limit ${most}
      `
    : sql`
        select sequence::float8 as sequence, ${facts} from audit_event
        where chain = ${name} and sequence > ${anchor} and sequence <= ${bound} order by audit_event.sequence limit ${most}
      `
}

async function readMac(step: QueryExecutorProvider, chain: PrunedFront['chain'], to: number): Promise<Buffer> {
  if (isLegacy(chain)) return Buffer.alloc(0)
  const { rows } = await sql<{ readonly mac: Buffer }>`
    select mac from audit_event where chain = ${chain.name} and sequence = ${to}
  `.execute(step)
  return rows[0]?.mac ?? Buffer.alloc(0)
}
