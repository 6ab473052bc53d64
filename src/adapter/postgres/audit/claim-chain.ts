import { randomBytes } from 'node:crypto'
import { sql, type Kysely, type QueryExecutorProvider } from 'kysely'
import { UpstreamError } from '../../../core/error/upstream-error.js'
import type { AuditTables } from '../schema/audit-schema.js'
import { appendRows, leaseSeconds, type HeldEnd } from './append-rows.js'
import type { AuditSeal } from './audit-seal.js'
import { unknownOutcomes } from './open-intents.js'

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
  readonly holder: string
  readonly place: string
  readonly seal: AuditSeal
}

interface ChainRow {
  readonly name: string
  readonly sequence: number
  readonly mac: Buffer
  readonly settled: number
  readonly holder: string | null
  readonly now: number
}

/**
 * The chain of this process, or one whose process is gone, or a new one. What a process that is gone has left open is `unknown`
 * from now on: by the same transaction, so that no other says so too.
 */
export async function claimChain(
  db: Kysely<AuditTables>,
  claimant: Claimant,
): Promise<Claim & { readonly claimed: 'again' | 'anew' }> {
  return db.transaction().execute(async (step) => {
    const readAt = performance.now()
    const found = (await findFree(step, claimant, 'any')) ?? (await begin(step, claimant))
    const isAgain = found.holder === claimant.holder
    const end = await take(step, claimant, found)
    const settled = isAgain ? end : await settle(step, claimant, { end, now: found.now })
    const claimed = isAgain ? 'again' : 'anew'
    return { end: settled, now: found.now, readAt, writtenAt: 0, claimed } as const
  })
}

/** Writes the outcomes of what processes that are gone have left open in one database; answers with how many those are. */
export async function settleAbandoned(db: Kysely<AuditTables>, claimant: Claimant): Promise<number> {
  for (let settled = 0; ;) {
    const more = await db.transaction().execute(async (step) => {
      const found = await findFree(step, claimant, 'unsettled')
      if (found === undefined || found.holder === claimant.holder) return undefined
      const end = await take(step, claimant, found)
      const next = await settle(step, claimant, { end, now: found.now })
      await releaseChain(step, next)
      return next.sequence - end.sequence
    })
    if (more === undefined) return settled
    settled += more
  }
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

async function findFree(
  step: QueryExecutorProvider,
  { holder, place, seal }: Claimant,
  which: 'any' | 'unsettled',
): Promise<ChainRow | undefined> {
  const { rows } = await sql<ChainRow>`
    select name, sequence::float8 as sequence, mac, settled::float8 as settled, holder,
      (extract(epoch from clock_timestamp()) * 1000000)::float8 as now
    from audit_chain
    where kind = 'server' and place = ${place} and key = ${seal.key}
      and (${which} = 'any' or (settled < sequence and holder is distinct from ${holder}))
      and (holder = ${holder} or holder is null or held_until < clock_timestamp())
    order by holder is not distinct from ${holder} desc, settled < sequence desc, name
    limit 1 for update skip locked
  `.execute(step)
  return rows[0]
}

async function begin(step: QueryExecutorProvider, { place, seal }: Claimant): Promise<ChainRow> {
  const name = `server-${randomBytes(8).toString('hex')}`
  const { rows } = await sql<ChainRow>`
    insert into audit_chain (name, kind, place, key, mac)
    values (${name}, 'server', ${place}, ${seal.key}, ${seal.begin(place, name)})
    returning name, 0::float8 as sequence, mac, 0::float8 as settled, holder,
      (extract(epoch from clock_timestamp()) * 1000000)::float8 as now
  `.execute(step)
  const [begun] = rows
  if (begun === undefined) throw new UpstreamError('OVERLOADED', 'the audit trail has no chain')
  return begun
}

async function take(
  step: QueryExecutorProvider,
  { holder, place }: Claimant,
  { mac, name, sequence, settled }: ChainRow,
): Promise<HeldEnd> {
  await sql`
    update audit_chain set
      holder = ${holder}, held_until = clock_timestamp() + make_interval(secs => ${leaseSeconds})
    where name = ${name}
  `.execute(step)
  return { place, name, sequence, mac, settled, holder }
}

async function settle(
  step: QueryExecutorProvider,
  { seal }: Claimant,
  { end, now }: { readonly end: HeldEnd; readonly now: number },
): Promise<HeldEnd> {
  if (end.settled >= end.sequence) return end
  const { rows } = await sql<Parameters<typeof unknownOutcomes>[0][number]>`
    select * from audit_unsettled(${end.name}, ${end.settled})
  `.execute(step)
  const addition = { rows: unknownOutcomes(rows), at: Math.floor(now), settle: (sequence: number) => sequence }
  const { end: next } = await appendRows(step, seal, { addition, end })
  if (next === undefined) throw new UpstreamError('OVERLOADED', 'the audit trail did not take what became unknown')
  return next
}
