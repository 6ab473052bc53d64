import { sql, type QueryExecutorProvider } from 'kysely'
import { isCounted, isLegacy, readChain, type ReadChain } from '../../verify/read-chains.js'
import type { Retention } from './retention.js'

const rowsPerBatch = 2000
const mostSteps = 20

/** Rows at the front of a chain that may go. */
export interface PrunedFront {
  readonly chain: Omit<ReadChain, 'first' | 'last'>
  /** The last of them. */
  readonly to: number
  readonly mac: Buffer
}

export interface Cutting extends Pick<Retention, 'cutoff' | 'unsent'> {
  readonly name: string
  /** None behind it goes. */
  readonly end: number
  /** Whose database: chains of other places have no writer any more. */
  readonly own: string
}

/** The next rows that may go: none that is too young, open, unsent, or an intent whose outcome stays. `undefined` where none may. */
export async function findCut(step: QueryExecutorProvider, cutting: Cutting): Promise<PrunedFront | undefined> {
  const chain = await readChain(step, cutting.name)
  if (chain === undefined || !isCounted(chain)) return undefined
  const bound = Math.min(cutting.end, await boundOf(step, chain, cutting))
  const front = frontOf(chain, bound)
  const { rows } = await sql<{ readonly kept: number | null; readonly last: number | null; readonly count: number }>`
    with front as (${front})
    select min(sequence) filter (where ${staysFor(cutting.cutoff)}) as kept, max(sequence) as last, count(*)::int as count from front
  `.execute(step)
  const { count, kept, last } = rows[0] ?? { count: 0, kept: null, last: null }
  const furthest = kept === null ? last : kept - 1
  if (furthest === null || furthest <= chain.anchor) return undefined
  const whole = await beforeCalls(step, { front, chain, furthest })
  // Calls that overlap all along a full batch end somewhere behind it.
  const isFull = kept === null && count === rowsPerBatch
  const to = whole > chain.anchor ? whole : isFull ? furthest : undefined
  return to === undefined ? undefined : { chain, to, mac: await readMac(step, chain, to) }
}

async function boundOf(
  step: QueryExecutorProvider,
  chain: PrunedFront['chain'],
  { own, unsent }: Cutting,
): Promise<number> {
  const { kind, name, place, sequence, settled } = chain
  const isOld = isLegacy(chain)
  const settledUpTo = kind === 'server' && place === own ? settled : sequence
  if (unsent === 'removed') return settledUpTo
  const { rows } = await sql<{ readonly sent: number | null }>`
    select min(coalesce(c.sequence, 0))::float8 as sent
    from (select distinct destination from audit_cursor) d
    left join audit_cursor c on c.destination = d.destination and c.chain = ${name}
    where not ${isOld} or c.chain is not null
  `.execute(step)
  return Math.min(settledUpTo, rows[0]?.sent ?? settledUpTo)
}

/** The first rows of the chain that are kept. */
function frontOf(chain: PrunedFront['chain'], bound: number) {
  const { anchor, name } = chain
  const facts = sql`(extract(epoch from at) * 1000000)::float8 as at, type, request_id, intent_id`
  return isLegacy(chain)
    ? sql`
        select id::float8 as sequence, ${facts} from audit_event
        where chain is null and id > ${anchor} and id <= ${bound} order by id limit ${rowsPerBatch}
      `
    : sql`
        select sequence::float8 as sequence, ${facts} from audit_event
        where chain = ${name} and sequence > ${anchor} and sequence <= ${bound} order by sequence limit ${rowsPerBatch}
      `
}

const isIntent = sql<boolean>`front.intent_id is not null and front.type in ('operation.allowed', 'credential.read')`
const outcome = sql`
  o.request_id = front.request_id and o.intent_id = front.intent_id
  and o.type in ('operation.outcome', 'credential.outcome')
`

function staysFor(cutoff: number) {
  return sql<boolean>`
    front.at >= ${cutoff} or (${isIntent} and exists (
      select from audit_event o where ${outcome} and o.at >= timestamptz 'epoch' + ${cutoff} * interval '1 microsecond'
    ))
  `
}

/** The last row up to `furthest` behind which no outcome of a call before it is left. */
async function beforeCalls(
  step: QueryExecutorProvider,
  {
    chain,
    front,
    furthest,
  }: { readonly front: ReturnType<typeof frontOf>; readonly chain: PrunedFront['chain']; readonly furthest: number },
): Promise<number> {
  if (isLegacy(chain)) return furthest
  let cut = furthest
  for (let steps = 0; steps < mostSteps; steps += 1) {
    const { rows } = await sql<{ readonly first: number | null }>`
      with front as (${front})
      select min(sequence) as first from front
      where sequence <= ${cut} and ${isIntent} and exists (
        select from audit_event o where ${outcome} and o.chain = ${chain.name} and o.sequence > ${cut}
      )
    `.execute(step)
    const first = rows[0]?.first ?? null
    if (first === null) return cut
    cut = first - 1
  }
  return chain.anchor
}

async function readMac(step: QueryExecutorProvider, chain: PrunedFront['chain'], to: number): Promise<Buffer> {
  if (isLegacy(chain)) return Buffer.alloc(0)
  const { rows } = await sql<{ readonly mac: Buffer }>`
    select mac from audit_event where chain = ${chain.name} and sequence = ${to}
  `.execute(step)
  return rows[0]?.mac ?? Buffer.alloc(0)
}
