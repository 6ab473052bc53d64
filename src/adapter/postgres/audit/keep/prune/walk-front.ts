import type { QueryExecutorProvider } from 'kysely'
import type { AuditFacts } from '../../../../../core/audit/audit-event.js'
import type { AuditSeal } from '../../audit-seal.js'
import { isLegacy } from '../../verify/read-chains.js'
import { readRows, type ReadRow } from '../../verify/read-rows.js'
import { isAnchored } from '../../verify/verify-chain.js'
import { isSealed, personsOf } from '../../verify/verify-row.js'
import type { PrunedFront } from './find-cut.js'

/** A row that says what the rest of the trail needs said. */
export interface KeptRecord {
  readonly reason: 'erased' | 'restored'
  readonly detail: AuditFacts
}

/** Records among the rows, or why they must not be removed. */
export type WalkedFront = { readonly records: readonly KeptRecord[] } | { readonly fault: string }

/** Looks whether the rows that are removed next are as they were written: what follows is joined to them by our seal. */
export async function walkFront(
  step: QueryExecutorProvider,
  { chain, to }: PrunedFront,
  { own, seal }: { readonly seal: AuditSeal; readonly own: string },
): Promise<WalkedFront> {
  if (isLegacy(chain)) return { records: [] }
  if (chain.key !== seal.key) {
    // Nothing of what another installation has sealed can be told here; a restore has brought it from another place.
    return chain.place === own ? { fault: 'another key is said to seal the chain' } : { records: [] }
  }
  if (!isAnchored(seal, chain)) return { fault: 'its beginning was not made by the retention' }
  const records: KeptRecord[] = []
  let before: Uint8Array = chain.anchor === 0 ? seal.begin(chain.place, chain.name) : (chain.anchor_mac ?? Buffer.of())
  for (let after = chain.anchor; after < to;) {
    const page = await readRows(step, { chain: chain.name, after, end: to })
    if (page.length === 0) return { fault: `rows from ${after + 1} on are missing` }
    for (const row of page) {
      const { sequence } = row
      if (sequence !== after + 1) return { fault: `the row ${after + 1} is missing` }
      const place = { place: chain.place, chain: chain.name, sequence }
      const isWritten =
        isSealed(seal, row, before, place) && ['as written', 'erased'].includes(personsOf(seal, row, place))
      if (!isWritten) return { fault: `the row ${sequence} is not as it was written` }
      records.push(...recordIn(row))
      before = row.mac
      after = sequence
    }
  }
  return { records }
}

function recordIn({ detail, reason, type }: ReadRow): readonly KeptRecord[] {
  if (type !== 'audit.maintained' || detail === null) return []
  if (reason !== 'erased' && reason !== 'restored') return []
  const facts = Object.entries(detail).flatMap(([name, fact]) => (fact === null ? [] : [[name, fact] as const]))
  return [{ reason, detail: Object.fromEntries(facts) }]
}
