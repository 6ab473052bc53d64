import type { QueryExecutorProvider } from 'kysely'
import type { AuditSeal } from '../audit-seal.js'
import { readJoined } from '../verify/read-rows.js'
import { isSealed, personsOf, type Persons } from '../verify/verify-row.js'

const rowsPerPage = 500

export interface WrittenOptions {
  readonly seal: AuditSeal
  /** Whose database. */
  readonly own: string
  /** What may have become of what they say of people. */
  readonly persons: readonly Persons[]
}

/** Which of the rows, all of them in chains, are as they were written. */
export async function findWritten(
  step: QueryExecutorProvider,
  ids: readonly number[],
  { own, persons, seal }: WrittenOptions,
): Promise<ReadonlySet<number>> {
  const written = new Set<number>()
  for (let from = 0; from < ids.length; from += rowsPerPage) {
    for (const row of await readJoined(step, ids.slice(from, from + rowsPerPage))) {
      const { chain, id, key, place, sequence } = row
      const where = { chain, place, sequence }
      const before = sequence === 1 ? seal.begin(place, chain) : row.before
      // Nothing of what another installation has sealed can be told here; a restore has brought it from another place.
      const isJoined = key === seal.key ? before !== null && isSealed(seal, row, before, where) : place !== own
      if (isJoined && persons.includes(personsOf(seal, row, where))) written.add(id)
    }
  }
  return written
}
