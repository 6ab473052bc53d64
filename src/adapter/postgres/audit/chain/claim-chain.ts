import { randomBytes } from 'node:crypto'
import { sql, type Kysely, type QueryExecutorProvider } from 'kysely'
import { UpstreamError } from '../../../../core/error/upstream-error.js'
import type { AuditTables } from '../../schema/audit/audit-schema.js'
import { leaseSeconds, type HeldEnd, type Whereabouts } from './append-rows.js'
import type { AuditSeal } from '../audit-seal.js'
import type { BrokenChains } from './broken-chains.js'

/** A chain that a process may go on with. */
export interface Claim {
  readonly end: HeldEnd
  /** Microseconds since the epoch by the database's clock, and when that was read, by `performance.now()`. */
  readonly now: number
  readonly readAt: number
  /** When its last row was written by this process, in microseconds since the epoch. */
  readonly writtenAt: number
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

export interface ChainRow {
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
    // Also one that was begun though the answer to that was lost.
    const own = await findOwn(step, claimant)
    const chain = own ?? (which === 'new' ? await begin(step, claimant) : await findOther(step, claimant))
    const taken = await take(step, { ...claimant, holder }, chain)
    return { ...taken, writtenAt: 0 }
  })
}

/** Whether what was sent as the last row of a chain until then stands there. */
export async function stands(
  db: QueryExecutorProvider,
  { mac, name, sequence }: Omit<Whereabouts, 'holder'>,
): Promise<boolean> {
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
export async function releaseChain(
  db: QueryExecutorProvider,
  { holder, name }: Pick<Whereabouts, 'holder' | 'name'>,
): Promise<void> {
  await sql`
    update audit_chain set holder = null, held_until = null where name = ${name} and holder = ${holder}
  `.execute(db)
}

export const chainColumns = sql`name, sequence::float8 as sequence, mac, settled::float8 as settled`
/** A chain of servers of this installation that nobody has, or whose holder is gone; a server names none longer. */
export function isFree({ place, seal }: Pick<Claimant, 'place' | 'seal'>) {
  return sql<boolean>`kind = 'server' and place = ${place} and key = ${seal.key} and octet_length(name) <= 128
    and (holder is null or held_until < clock_timestamp())`
}

/** Waited for: a statement of this writer that was given up may still run, and has to end before anybody knows how. */
async function findOwn(
  step: QueryExecutorProvider,
  { broken, place, writer }: Claimant,
): Promise<ChainRow | undefined> {
  const { rows } = await sql<ChainRow>`
    select ${chainColumns} from audit_chain
    where kind = 'server' and place = ${place} and split_part(holder, '.', 1) = ${writer}
      and name <> all(${broken.names}::text[])
    limit 1 for update
  `.execute(step)
  return rows[0]
}

/** One that nobody has and that is settled, or a new one. */
export async function findOther(step: QueryExecutorProvider, claimant: Claimant): Promise<ChainRow> {
  return (await findSettled(step, claimant)) ?? begin(step, claimant)
}

async function findSettled(step: QueryExecutorProvider, claimant: Claimant): Promise<ChainRow | undefined> {
  const { rows } = await sql<ChainRow>`
    select ${chainColumns} from audit_chain
    where ${isFree(claimant)} and settled = sequence and name <> all(${claimant.broken.names}::text[])
    order by name limit 1 for update skip locked
  `.execute(step)
  return rows[0]
}

async function begin(step: QueryExecutorProvider, { place, seal }: Claimant): Promise<ChainRow> {
  const name = `server-${randomBytes(8).toString('hex')}`
  const { rows } = await sql<ChainRow>`
    insert into audit_chain (name, kind, place, key, mac)
    values (${name}, 'server', ${place}, ${seal.key}, ${seal.begin(place, name)})
    returning ${chainColumns}
  `.execute(step)
  const [begun] = rows
  if (begun === undefined) throw new UpstreamError('OVERLOADED', 'the audit trail has no chain')
  return begun
}

/** Whose row is locked becomes the holder's. */
export async function take(
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
    returning (extract(epoch from clock_timestamp()) * 1000000::numeric)::float8 as now
  `.execute(step)
  return { end: { place, name, sequence, mac, settled, holder }, now: timeIn(rows), readAt }
}

function timeIn(rows: readonly Pick<Read, 'now'>[]): number {
  const [read] = rows
  if (read === undefined) throw new UpstreamError('OVERLOADED', 'the audit trail has another writer')
  return read.now
}
