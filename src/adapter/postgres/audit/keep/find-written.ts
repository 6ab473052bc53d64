import type { QueryExecutorProvider } from 'kysely'
import type { AuditSeal } from '../audit-seal.js'
import { readJoined } from '../verify/read-rows.js'
import { isSealed, personsOf } from '../verify/verify-row.js'

const rowsPerPage = 500

/** Which of the rows, all of them in chains, are as they were written: with them an erasure takes what they say and leaves its seal. */
export async function findWritten(
  step: QueryExecutorProvider,
  ids: readonly number[],
  { own, seal }: { readonly seal: AuditSeal; readonly own: string },
): Promise<ReadonlySet<number>> {
  const written = new Set<number>()
  for (let from = 0; from < ids.length; from += rowsPerPage) {
    for (const row of await readJoined(step, ids.slice(from, from + rowsPerPage))) {
      const { chain, id, key, place, sequence } = row
      const where = { chain, place, sequence }
      const before = sequence === 1 ? seal.begin(place, chain) : row.before
      // Nothing of what another installation has sealed can be told here; a restore has brought it from another place.
      const isJoined = key === seal.key ? before !== null && isSealed(seal, row, before, where) : place !== own
      if (isJoined && personsOf(seal, row, where) === 'as written') written.add(id)
    }
  }
  return written
}
