import type { AuditOrder, AuditPlace } from '../../core/audit/audit-reader.js'
import type { AuditFilter, AuditRecord } from '../../core/audit/audit-record.js'
import { withInstallation } from '../administration/with-tenant.js'
import { findPlaces, type AuditChoice } from './audit-places.js'
import { namedIn } from './in-trail.js'
import { AuditVisit, type AuditReadingParts, type AuditWish } from './audit-visit.js'

export interface AuditQuestion {
  readonly choice: AuditChoice
  readonly filter: AuditFilter
  /** How many rows at most, of all trails together. */
  readonly limit?: number | undefined
  /** Ends it early; its reason is thrown then. */
  readonly signal: AbortSignal
}

/**
 * The newest rows that are asked for, the newest first. It is on record in each trail that was read. Throws `RefusedError` for a tenant
 * that is not there, `UpstreamError` where a database does not answer.
 */
export async function searchAudit(
  env: NodeJS.ProcessEnv,
  question: AuditQuestion & { readonly limit: number },
): Promise<readonly AuditRecord[]> {
  return withInstallation(env, async (parts) => {
    let newest: readonly AuditRecord[] = []
    for (const place of await findPlaces(parts.postgres, question.choice)) {
      const wish = { ...question, how: 'search', order: 'newest first' } as const
      const found = [...newest]
      for await (const record of readRecorded(parts, place, wish)) found.push(record)
      newest = found
        .toSorted((one, other) => (one.at < other.at ? 1 : one.at > other.at ? -1 : 0))
        .slice(0, question.limit)
    }
    return newest
  })
}

/**
 * Hands every row that is asked for to `write`, one trail after the other, the oldest of each first; answers with how many those were.
 * Where `write` answers `enough`, it is over. It is on record, and throws, as with `searchAudit`.
 */
export async function exportAudit(
  env: NodeJS.ProcessEnv,
  question: AuditQuestion,
  write: (record: AuditRecord) => Promise<'enough' | 'more'>,
): Promise<number> {
  return withInstallation(env, async (parts) => {
    let rows = 0
    for (const place of await findPlaces(parts.postgres, question.choice)) {
      const limit = question.limit === undefined ? undefined : question.limit - rows
      if (limit === 0) break
      const wish = { ...question, limit, how: 'export', order: 'oldest first' } as const
      for await (const record of readRecorded(parts, place, wish)) {
        if ((await write(record)) === 'enough') return rows
        rows += 1
      }
    }
    return rows
  })
}

interface RecordedReading extends AuditWish {
  readonly order: AuditOrder
  readonly signal: AbortSignal
}

async function* readRecorded(
  parts: AuditReadingParts,
  place: AuditPlace,
  wish: RecordedReading,
): AsyncIterable<AuditRecord> {
  const visit = await AuditVisit.begin(parts, place, wish)
  let outcome: 'completed' | 'cut_off' = 'cut_off'
  try {
    for await (const record of parts.postgres.auditReader.read(place, wish.filter, wish.order)) {
      wish.signal.throwIfAborted()
      if (visit.rows === wish.limit) break
      if (record.requestId === visit.requestId) continue
      visit.rows += 1
      yield record
    }
    outcome = 'completed'
  } catch (error) {
    throw namedIn(place, error)
  } finally {
    await visit.end(outcome)
  }
}
