import { sql, type Kysely } from 'kysely'
import type { AuditTables } from '../../schema/audit-schema.js'
import type { AuditSeal } from '../audit-seal.js'
import { boundarySeal } from '../verify/judge-chains.js'
import { isCounted, isLegacy, readChain } from '../verify/read-chains.js'
import { beginMaintenance } from './begin-maintenance.js'

/** Seals, once, up to which row there were no chains: `db` is the database's owner. Answers with that number where it did so now. */
export async function sealBoundary(
  db: Kysely<AuditTables>,
  { place, seal }: { readonly place: string; readonly seal: AuditSeal },
): Promise<number | undefined> {
  return db.transaction().execute(async (step) => {
    await beginMaintenance(step)
    const legacy = await readChain(step, 'legacy')
    if (legacy === undefined || !isLegacy(legacy) || !isCounted(legacy) || legacy.anchor_seal !== null) return undefined
    const { sequence } = legacy
    // Whoever has moved it over rows that are in a chain does not have that sealed.
    const { numAffectedRows } = await sql`
      update audit_chain set anchor_seal = ${boundarySeal(seal, place, sequence)}
      where name = 'legacy' and anchor_seal is null and not exists (
        select from audit_event where (id <= 0 or id <= ${sequence}) and chain is not null
      )
    `.execute(step)
    return numAffectedRows === 1n ? sequence : undefined
  })
}
