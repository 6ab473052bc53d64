import type { AuditOrder, AuditPlace } from '../../core/audit/audit-reader.js'
import type { AuditFilter, AuditRecord } from '../../core/audit/audit-record.js'
import { UpstreamError } from '../../core/error/upstream-error.js'
import { withInstallation } from '../administration/with-tenant.js'
import { findPlaces } from './audit-places.js'
import { namedIn } from './in-trail.js'
import { AuditVisit, type AuditReadingParts, type AuditWish } from './audit-visit.js'
import type { TrailChoice } from './maintained-places.js'

export interface AuditQuestion {
  readonly choice: TrailChoice
  readonly filter: AuditFilter
  /** How many rows at most, of all trails together. */
  readonly limit?: number | undefined
  /** Ends it early; its reason is thrown then. */
  readonly signal: AbortSignal
}

/** What was asked for, as far as it could be read. */
export interface AuditAnswer<Found> {
  readonly found: Found
  /** Whose trails could not be read, and why. */
  readonly unread: readonly UnreadTrail[]
}

/** A trail that could not be read: the error says whose and why. */
export interface UnreadTrail {
  readonly error: UpstreamError
}

/** Throws `UpstreamError`, naming them, where trails could not be read. */
export function refuseUnread(unread: readonly UnreadTrail[]): void {
  if (unread.length === 0) return
  const names = unread.map(({ error }) => error.message).join('; ')
  const message = `what was asked for is not whole: the trail could not be read of ${names}`
  throw new UpstreamError('TENANT_UNAVAILABLE', message, { cause: unread[0]?.error })
}

/**
 * The newest rows that are asked for, the newest first. It is on record in each trail that was read. Throws `RefusedError` for a tenant
 * that is not there, `UpstreamError` where a database does not answer.
 */
export async function searchAudit(
  env: NodeJS.ProcessEnv,
  question: AuditQuestion & { readonly limit: number },
): Promise<AuditAnswer<readonly AuditRecord[]>> {
  return withInstallation(env, async (parts) => {
    let newest: readonly AuditRecord[] = []
    const unread = await visitEach(parts, question.choice, async (place) => {
      const wish = { ...question, how: 'search', order: 'newest first' } as const
      const found = [...newest]
      for await (const record of readRecorded(parts, place, wish)) found.push(record)
      newest = found
        .toSorted((one, other) => (one.at < other.at ? 1 : one.at > other.at ? -1 : 0))
        .slice(0, question.limit)
      return 'more'
    })
    return { found: newest, unread }
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
): Promise<AuditAnswer<number>> {
  return withInstallation(env, async (parts) => {
    let rows = 0
    const unread = await visitEach(parts, question.choice, async (place) => {
      const limit = question.limit === undefined ? undefined : question.limit - rows
      if (limit === 0) return 'enough'
      const wish = { ...question, limit, how: 'export', order: 'oldest first' } as const
      for await (const record of readRecorded(parts, place, wish)) {
        if ((await write(record)) === 'enough') return 'enough'
        rows += 1
      }
      return 'more'
    })
    return { found: rows, unread }
  })
}

/** Not what was done with the rows has failed. */
class UnreadError extends Error {
  override readonly name = 'UnreadError'
  override readonly cause: UpstreamError

  constructor(cause: UpstreamError) {
    super('the trail could not be read')
    this.cause = cause
  }
}

/** One trail that cannot be read keeps nobody from the others, where all are asked for. */
async function visitEach(
  { postgres }: AuditReadingParts,
  choice: TrailChoice,
  visit: (place: AuditPlace) => Promise<'enough' | 'more'>,
): Promise<readonly UnreadTrail[]> {
  const unread: UnreadTrail[] = []
  for (const place of await findPlaces(postgres, choice)) {
    try {
      if ((await visit(place)) === 'enough') break
    } catch (error) {
      if (!(error instanceof UnreadError)) throw error
      if (choice !== 'everywhere') throw error.cause
      unread.push({ error: error.cause })
    }
  }
  return unread
}

interface RecordedReading extends AuditWish {
  readonly order: AuditOrder
  readonly signal: AbortSignal
}

/** What somebody does with a row is not caught here: a generator is only told to end. */
async function* readRecorded(
  parts: AuditReadingParts,
  place: AuditPlace,
  wish: RecordedReading,
): AsyncIterable<AuditRecord> {
  try {
    yield* readVisit(parts, place, wish)
  } catch (error) {
    wish.signal.throwIfAborted()
    throw error instanceof UpstreamError ? new UnreadError(error) : error
  }
}

async function* readVisit(
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
