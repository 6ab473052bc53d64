import { sql, type Kysely, type QueryExecutorProvider } from 'kysely'
import type { Tenant } from '../../../../../core/identity/tenant.js'
import type { AuditTables } from '../../../schema/audit/audit-schema.js'
import { placeOf, type AuditTrail } from '../../audit-trail.js'
import { isLegacy } from '../../verify/read-chains.js'
import { anchorSeal } from '../../verify/verify-chain.js'
import { findCut, type PrunedFront } from './find-cut.js'
import { walkFront } from './walk-front.js'
import { recordPruned, type PrunedErasure } from './record-pruned.js'
import type { PrunedRows, Retention } from './retention.js'
import { beginMaintenance } from '../begin-maintenance.js'
import { moveBoundary } from '../seal-boundary.js'

export interface PruneOptions {
  readonly trail: AuditTrail
  /** `undefined` for master. */
  readonly tenant: Tenant | undefined
  readonly retention: Retention
}

interface PrunedChain {
  readonly name: string
  /** Where it ended before anything was removed: not what that adds to it. */
  readonly end: number
}

/** What is removed first, so that what records say of it is still there. */
const kinds = ['server', 'legacy', 'changes'] as const

/**
 * Removes rows whose term is over from the front of each chain; `db` is the database's owner. Each batch moves the beginning of its
 * chain by the same transaction, and is on record: whatever cuts it off leaves a trail that can be verified.
 */
export async function pruneTrail(db: Kysely<AuditTables>, options: PruneOptions): Promise<readonly PrunedRows[]> {
  // What waits beside the trail comes into it before anything as old is removed: whatever comes later was there before.
  await db.transaction().execute((step) => options.trail.adopt(step, options.tenant))
  const pruned: PrunedRows[] = []
  for (const kind of kinds) {
    const { rows: chains } = await sql<PrunedChain>`
      select name, sequence::float8 as end from audit_chain
      where kind = ${kind} and sequence > anchor_sequence and sequence <= ${Number.MAX_SAFE_INTEGER} and (kind <> 'legacy' or (name = 'legacy' and place = '')) order by name
    `.execute(db)
    for (const chain of chains) pruned.push(...(await pruneChain(db, options, chain)))
  }
  return pruned
}

/** What was removed as one, however many batches that took; nothing where none was. */
async function pruneChain(
  db: Kysely<AuditTables>,
  options: PruneOptions,
  chain: PrunedChain,
): Promise<readonly PrunedRows[]> {
  let all: PrunedRows | undefined
  for (;;) {
    const batch = await pruneBatch(db, options, chain)
    if (batch === undefined) return all === undefined ? [] : [all]
    if (batch.fault !== undefined) return [{ ...(all ?? batch), fault: batch.fault }]
    all = { ...batch, from: all?.from ?? batch.from, rows: (all?.rows ?? 0) + batch.rows }
  }
}

function pruneBatch(
  db: Kysely<AuditTables>,
  { retention, tenant, trail }: PruneOptions,
  { end, name }: PrunedChain,
): Promise<PrunedRows | undefined> {
  return db.transaction().execute(async (step) => {
    await beginMaintenance(step)
    const cut = await findCut(step, { ...retention, name, end, own: placeOf(tenant), seal: trail.seal })
    if (cut === undefined) return undefined
    const { chain } = cut
    const from = chain.anchor + 1
    const stays = (fault: string): PrunedRows => ({ chain: name, from, to: chain.anchor, rows: 0, fault })
    if ('fault' in cut) return stays(cut.fault)
    const walked = await walkFront(step, cut, { seal: trail.seal, own: placeOf(tenant) })
    if ('fault' in walked) return stays(walked.fault)
    const erased = await erasedIn(step, cut)
    const { numAffectedRows } = await sql`
      delete from audit_event where ${rowsUpTo(cut)}
    `.execute(step)
    const mac = cut.mac
    const sealed = isLegacy(chain)
      ? await moveBoundary(step, trail.seal, { ...chain, own: placeOf(tenant), to: cut.to })
      : anchorSeal(trail.seal, { ...chain, anchor: cut.to, mac })
    await sql`
      update audit_chain set anchor_sequence = ${cut.to}, anchor_mac = ${mac}, anchor_seal = ${sealed}
      where name = ${name}
    `.execute(step)
    const pruned = { chain: name, from, to: cut.to, rows: Number(numAffectedRows ?? 0n) }
    await recordPruned(step, { trail, tenant, retention, pruned, erased, restated: walked.records })
    return pruned
  })
}

function rowsUpTo({ chain, to }: PrunedFront) {
  const { anchor, name } = chain
  return isLegacy(chain)
    ? sql<boolean>`chain is null and id > ${anchor} and id <= ${to}`
    : sql<boolean>`chain = ${name} and sequence > ${anchor} and sequence <= ${to}`
}

/** Rows that erasures have left among those in a chain; of the others nothing is sealed. */
async function erasedIn(step: QueryExecutorProvider, cut: PrunedFront): Promise<readonly PrunedErasure[]> {
  const { rows } = await sql<PrunedErasure>`
    select erased_by as reference, count(*)::int as rows from audit_event
    where ${rowsUpTo(cut)} and chain is not null and erased_by is not null group by erased_by order by erased_by
  `.execute(step)
  return rows
}
