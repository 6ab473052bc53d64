import { setTimeout as pause } from 'node:timers/promises'
import type { AuditPlace, AuditPositions } from '../../core/audit/audit-reader.js'
import type { AuditRecord } from '../../core/audit/audit-record.js'
import { matchesFilter } from '../../core/audit/matches-filter.js'
import { withInstallation } from '../administration/with-tenant.js'
import { findPlaces } from './audit-places.js'
import { AuditVisit, type AuditReadingParts } from './audit-visit.js'
import { inTrail } from './in-trail.js'
import type { AuditQuestion } from './read-audit.js'

const lookMilliseconds = 1_000
const rowsAtOnce = 500

/** Where the rows go, until it answers `enough`. */
export interface AuditShow {
  /** Before the first row, when it is known that rows can be read. */
  readonly begin: () => Promise<'enough' | 'more'>
  readonly show: (record: AuditRecord) => Promise<'enough' | 'more'>
}

/** A trail that is followed. */
interface Followed {
  readonly place: AuditPlace
  readonly visit: AuditVisit
  /** How far it was read. */
  positions: AuditPositions
}

/**
 * Hands the last rows that are asked for to `show`, the oldest first, and then every one that comes, until `show` answers `enough`,
 * the time that is asked for is over, or the signal ends it, whose reason is thrown. A row is known by where it stands in its chain, so none is missed that was begun early
 * and written late. It is on record, and throws, as with `searchAudit`.
 */
export async function followAudit(
  env: NodeJS.ProcessEnv,
  question: AuditQuestion & { readonly limit: number },
  { begin: beginShow, show }: AuditShow,
): Promise<void> {
  await withInstallation(env, async (parts) => {
    const followed = new Map<string | undefined, Followed>()
    try {
      const latest = await begin(parts, question, followed)
      if ((await beginShow()) === 'enough') return
      for (const record of latest) if ((await show(record)) === 'enough') return
      for (;;) {
        const isOver = question.filter.until !== undefined && question.filter.until.getTime() <= Date.now()
        for (const one of followed.values()) if ((await catchUp(parts, question, { one, show })) === 'enough') return
        if (isOver) return
        await pause(lookMilliseconds, undefined, { signal: question.signal }).catch(() => undefined)
        question.signal.throwIfAborted()
        await joinNew(parts, question, followed)
      }
    } finally {
      for (const { visit } of followed.values()) await visit.end('completed').catch(() => undefined)
    }
  })
}

/** What was there before, and from where on there will be more. */
async function begin(
  parts: AuditReadingParts,
  question: AuditQuestion & { readonly limit: number },
  followed: Map<string | undefined, Followed>,
): Promise<readonly AuditRecord[]> {
  const latest: AuditRecord[] = []
  for (const place of await findPlaces(parts.postgres, question.choice)) {
    const visit = await AuditVisit.begin(parts, place, { ...question, how: 'tail' })
    const positions = await inTrail(place, () => parts.postgres.auditReader.ends(place))
    followed.set(place?.id, { place, visit, positions })
    latest.push(...(await inTrail(place, () => readLatest(parts, question, { place, visit, positions }))))
  }
  const shown = latest.toSorted((one, other) => (one.at < other.at ? -1 : one.at > other.at ? 1 : 0))
  return question.limit === 0 ? [] : shown.slice(-question.limit)
}

async function readLatest(
  { postgres }: AuditReadingParts,
  { filter, limit }: AuditQuestion & { readonly limit: number },
  { place, positions, visit }: Followed,
): Promise<readonly AuditRecord[]> {
  const latest: AuditRecord[] = []
  if (limit === 0) return latest
  for await (const record of postgres.auditReader.read(place, filter, 'newest first')) {
    if (latest.length === limit) break
    const { position } = record
    // What has come since is shown when it is caught up with.
    const isLater = position !== undefined && position.sequence > (positions.get(position.chain) ?? 0)
    if (isLater || record.requestId === visit.requestId) continue
    visit.rows += 1
    latest.push(record)
  }
  return latest
}

async function catchUp(
  { postgres }: AuditReadingParts,
  { filter, signal }: AuditQuestion,
  { one, show }: { readonly one: Followed; readonly show: AuditShow['show'] },
): Promise<'enough' | 'more'> {
  for (;;) {
    signal.throwIfAborted()
    const records = await inTrail(one.place, () => postgres.auditReader.after(one.place, one.positions, rowsAtOnce))
    if (records.length === 0) return 'more'
    const reached = new Map(one.positions)
    for (const { position } of records) if (position !== undefined) reached.set(position.chain, position.sequence)
    one.positions = reached
    for (const record of records) {
      if (record.requestId === one.visit.requestId || !matchesFilter(record, filter)) continue
      one.visit.rows += 1
      if ((await show(record)) === 'enough') return 'enough'
    }
  }
}

/** A tenant that is new is followed from its first row on; one that is gone is not any more. */
async function joinNew(
  parts: AuditReadingParts,
  question: AuditQuestion,
  followed: Map<string | undefined, Followed>,
): Promise<void> {
  if (question.choice !== 'everywhere') return
  const places = await findPlaces(parts.postgres, question.choice)
  const known = new Set(places.map((place) => place?.id))
  for (const id of followed.keys()) if (!known.has(id)) followed.delete(id)
  for (const place of places) {
    if (followed.has(place?.id)) continue
    const visit = await AuditVisit.begin(parts, place, { ...question, how: 'tail' })
    followed.set(place?.id, { place, visit, positions: new Map() })
  }
}
