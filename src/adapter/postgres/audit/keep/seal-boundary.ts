import { sql, type Kysely, type QueryExecutorProvider } from 'kysely'
import type { AuditTables } from '../../schema/audit/audit-schema.js'
import type { AuditSeal } from '../audit-seal.js'
import { findUnaware } from '../verify/across/legacy-checkpoints.js'
import { boundarySeal } from '../verify/judge-chains.js'
import { isCounted, isLegacy, readChain, type ReadChain } from '../verify/read-chains.js'
import { beginMaintenance } from './begin-maintenance.js'

export interface SealedBoundary {
  readonly place: string
  readonly seal: AuditSeal
  /** What this installation's checkpoints are checked with. */
  readonly publicKey: string
}

/** Seals, once, up to which row there were no chains: `db` is the database's owner. Answers with that number where it did so now. */
export async function sealBoundary(
  db: Kysely<AuditTables>,
  { place, publicKey, seal }: SealedBoundary,
): Promise<number | undefined> {
  return db.transaction().execute(async (step) => {
    await beginMaintenance(step)
    const legacy = await readChain(step, 'legacy')
    if (legacy === undefined || !isLegacy(legacy) || !isCounted(legacy) || legacy.anchor_seal !== null) return undefined
    // There were chains before there was anything from before them.
    if ((await findUnaware(step, { place, publicKey })) !== undefined) return undefined
    const { sequence } = legacy
    // Whoever has moved it over rows that are in a chain does not have that sealed.
    const { numAffectedRows } = await sql`
      update audit_chain set anchor_seal = ${boundarySeal(seal, place, legacy)}
      where name = 'legacy' and anchor_seal is null and not exists (
        select from audit_event where (id <= 0 or id <= ${sequence}) and chain is not null
      )
    `.execute(step)
    return numAffectedRows === 1n ? sequence : undefined
  })
}

interface MovedBoundary extends Pick<ReadChain, 'anchor' | 'anchor_seal' | 'sequence'> {
  /** Whose database. */
  readonly own: string
  /** The last of them that is removed. */
  readonly to: number
}

/** The seal once rows from before there were chains are removed; as it was where it is none of ours. */
export async function moveBoundary(
  step: QueryExecutorProvider,
  seal: AuditSeal,
  { anchor_seal: sealed, own, to, ...legacy }: MovedBoundary,
): Promise<Buffer | null> {
  // What a restore has brought was sealed for another place.
  const { rows } = await sql<{ readonly place: string }>`select distinct place from audit_chain`.execute(step)
  const place = [own, ...rows.map((row) => row.place)].find((one) =>
    seal.matches(sealed, boundarySeal(seal, one, legacy)),
  )
  return place === undefined ? sealed : boundarySeal(seal, place, { ...legacy, anchor: to })
}
