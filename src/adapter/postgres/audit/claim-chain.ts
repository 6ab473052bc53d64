import { randomBytes } from 'node:crypto'
import { sql, type Kysely, type QueryExecutorProvider } from 'kysely'
import { UpstreamError } from '../../../core/error/upstream-error.js'
import type { AuditTables } from '../schema/audit-schema.js'
import { appendRows, leaseSeconds, type HeldEnd } from './append-rows.js'
import type { AuditSeal } from './audit-seal.js'
import type { BrokenChains } from './broken-chains.js'
import { unknownOutcomes } from './open-intents.js'
import { writtenIntents } from './settle/written-intents.js'

/** Of one transaction; what a busy process has left takes several. */
const unknownAtOnce = 500

/** A chain that a process may go on with. */
export interface Claim {
  readonly end: HeldEnd
  /** Microseconds since the epoch by the database's clock, and when that was read, by `performance.now()`. */
  readonly now: number
  readonly readAt: number
  /** When its last row was written by this process, in microseconds since the epoch. */
  readonly writtenAt: number
  /** Whether nobody else can have had it since this writer did. */
  readonly isOwn: boolean
}

export interface Claimant {
  /** Whoever writes one chain at a time; its words for itself begin with it, and a dot. */
  readonly writer: string
  readonly place: string
  readonly seal: AuditSeal
  readonly broken: BrokenChains
}

/** What is wanted of a claim. */
export interface Wanted {
  readonly holder: string
  /** `new` after one that was given up: others may be no better. */
  readonly which: 'any' | 'new'
}

interface ChainRow {
  readonly name: string
  readonly sequence: number
  readonly mac: Buffer
  readonly settled: number
}

/** A time of the database, and when it was read. */
type Read = Pick<Claim, 'now' | 'readAt'>

/**
 * The chain of this writer, or one that nobody has, or a new one. It is claimed as `holder`, in other words than before: what this
 * writer sent on a connection that hung, and arrives only now, is not added any more. What others have left open is not waited for.
 */
export async function claimChain(
  db: Kysely<AuditTables>,
  claimant: Claimant,
  { holder, which }: Wanted,
): Promise<Claim> {
  return db.transaction().execute(async (step) => {
    const own = which === 'new' ? undefined : await findOwn(step, claimant)
    const other = own ?? (which === 'new' ? undefined : await findSettled(step, claimant))
    const taken = await take(step, { ...claimant, holder }, other ?? (await begin(step, claimant)))
    return { ...taken, writtenAt: 0, isOwn: own !== undefined }
  })
}

/**
 * Writes the outcomes of what processes that are gone have left open in one database, which nobody knows; answers with how many
 * those are. Each by one transaction with its chain, so that no other says so too.
 */
export async function settleAbandoned(db: Kysely<AuditTables>, claimant: Claimant): Promise<number> {
  const holder = `${claimant.writer}.settling`
  for (let settled = 0; ;) {
    let name: string | undefined
    const settling = db.transaction().execute(async (step) => {
      const found = await findAbandoned(step, claimant)
      if (found === undefined) return undefined
      name = found.name
      const { end } = await take(step, { ...claimant, holder }, found)
      const next = await settle(step, claimant, end)
      await releaseChain(step, next)
      return next.sequence - end.sequence
    })
    const more = await settling.catch((error: unknown) => {
      // One that takes no rows must not keep those behind it waiting.
      if (name !== undefined && claimant.broken.giveUp({ name, place: claimant.place }, error)) return 0
      throw error
    })
    if (more === undefined) return settled
    settled += more
  }
}

/** Whether what was sent as the last row of a chain until then stands there. */
export async function stands(db: QueryExecutorProvider, { mac, name, sequence }: HeldEnd): Promise<boolean> {
  const { rows } = await sql<{ readonly stands: boolean }>`
    select audit_stands(${name}, ${sequence}, ${mac}) as stands
  `.execute(db)
  return rows[0]?.stands === true
}

/** Whether the chain still was this process's, which has it for another while then. */
export async function renewChain(db: QueryExecutorProvider, { holder, name }: HeldEnd): Promise<boolean> {
  const { numAffectedRows } = await sql`
    update audit_chain set held_until = clock_timestamp() + make_interval(secs => ${leaseSeconds})
    where name = ${name} and holder = ${holder}
  `.execute(db)
  return numAffectedRows === 1n
}

/** Leaves the chain to whoever comes next. */
export async function releaseChain(db: QueryExecutorProvider, { holder, name }: HeldEnd): Promise<void> {
  await sql`
    update audit_chain set holder = null, held_until = null where name = ${name} and holder = ${holder}
  `.execute(db)
}

const columns = sql`name, sequence::float8 as sequence, mac, settled::float8 as settled`
const isFree = sql`(holder is null or held_until < clock_timestamp())`

/** Waited for: a statement of this writer that was given up may still run, and has to end before anybody knows how. */
async function findOwn(
  step: QueryExecutorProvider,
  { broken, place, writer }: Claimant,
): Promise<ChainRow | undefined> {
  const { rows } = await sql<ChainRow>`
    select ${columns} from audit_chain
    where kind = 'server' and place = ${place} and split_part(holder, '.', 1) = ${writer}
      and name <> all(${broken.names}::text[])
    limit 1 for update
  `.execute(step)
  return rows[0]
}

async function findSettled(
  step: QueryExecutorProvider,
  { broken, place, seal }: Claimant,
): Promise<ChainRow | undefined> {
  const { rows } = await sql<ChainRow>`
    select ${columns} from audit_chain
    where kind = 'server' and place = ${place} and key = ${seal.key} and settled = sequence and ${isFree}
      and name <> all(${broken.names}::text[])
    order by name limit 1 for update skip locked
  `.execute(step)
  return rows[0]
}

async function findAbandoned(
  step: QueryExecutorProvider,
  { broken, place, seal, writer }: Claimant,
): Promise<ChainRow | undefined> {
  const { rows } = await sql<ChainRow>`
    select ${columns} from audit_chain
    where kind = 'server' and place = ${place} and key = ${seal.key} and settled < sequence and ${isFree}
      and split_part(coalesce(holder, ''), '.', 1) <> ${writer} and name <> all(${broken.names}::text[])
    order by name limit 1 for update skip locked
  `.execute(step)
  return rows[0]
}

async function begin(step: QueryExecutorProvider, { place, seal }: Claimant): Promise<ChainRow> {
  const name = `server-${randomBytes(8).toString('hex')}`
  const { rows } = await sql<ChainRow>`
    insert into audit_chain (name, kind, place, key, mac)
    values (${name}, 'server', ${place}, ${seal.key}, ${seal.begin(place, name)})
    returning ${columns}
  `.execute(step)
  const [begun] = rows
  if (begun === undefined) throw new UpstreamError('OVERLOADED', 'the audit trail has no chain')
  return begun
}

async function take(
  step: QueryExecutorProvider,
  { holder, place }: { readonly holder: string; readonly place: string },
  { mac, name, sequence, settled }: ChainRow,
): Promise<Read & { readonly end: HeldEnd }> {
  // By now its row is locked: whatever was waited for lies before this time.
  const readAt = performance.now()
  const { rows } = await sql<Pick<Read, 'now'>>`
    update audit_chain set
      holder = ${holder}, held_until = clock_timestamp() + make_interval(secs => ${leaseSeconds})
    where name = ${name}
    returning (extract(epoch from clock_timestamp()) * 1000000)::float8 as now
  `.execute(step)
  return { end: { place, name, sequence, mac, settled, holder }, now: timeIn(rows), readAt }
}

/** Up to so many intents; the chain counts as settled with the last of them. */
async function settle(step: QueryExecutorProvider, { seal }: Claimant, end: HeldEnd): Promise<HeldEnd> {
  const { rows } = await sql<Parameters<typeof unknownOutcomes>[0][number]>`
    select * from audit_unsettled(${end.name}, ${end.settled}) limit ${unknownAtOnce + 1}
  `.execute(step)
  const { rows: times } = await sql<Pick<Read, 'now'>>`
    select (extract(epoch from clock_timestamp()) * 1000000)::float8 as now
  `.execute(step)
  const intents = await writtenIntents(step, { seal, end, intents: rows.slice(0, unknownAtOnce) })
  // What is not as it was written stays without an outcome.
  const isLast = rows.length <= unknownAtOnce || intents.length === 0
  const addition = {
    rows: unknownOutcomes(intents),
    at: Math.floor(timeIn(times)),
    settle: (sequence: number) => (isLast ? sequence : end.settled),
  }
  const { end: next } = await appendRows(step, seal, { addition, end })
  if (next === undefined) throw new UpstreamError('OVERLOADED', 'the audit trail did not take what became unknown')
  return next
}

function timeIn(rows: readonly Pick<Read, 'now'>[]): number {
  const [read] = rows
  if (read === undefined) throw new UpstreamError('OVERLOADED', 'the audit trail has another writer')
  return read.now
}
