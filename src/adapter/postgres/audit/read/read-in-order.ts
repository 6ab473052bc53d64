import type { AuditOrder } from '../../../../core/audit/audit-reader.js'
import type { AuditRecordRow } from './audit-record-row.js'

/** A part of the trail along the order in which it is read; times are microseconds since the epoch. */
export interface AuditWindow {
  /** From there on, inclusive where the oldest come first. */
  readonly from: number | undefined
  /** Up to there, inclusive where the newest come first. */
  readonly to: number | undefined
  /** After this row. */
  readonly after: Pick<AuditRecordRow, 'at' | 'id'> | undefined
}

export interface OrderedReading {
  readonly order: AuditOrder
  /** Times of a first and a last row, more or less: others may lie beyond. */
  readonly first: number
  readonly last: number
  /** Rows of a window in order, `pageRows` at most. */
  readonly fetch: (window: AuditWindow) => Promise<readonly AuditRecordRow[]>
  readonly pageRows: number
}

const firstSpan = 60_000_000
const shortestSpan = 1_000_000

/**
 * All rows in their order, page by page. Each page is looked for within a span of time, so that none sorts the whole trail: shorter
 * where rows are many, and longer where they are few.
 */
export async function* readInOrder({
  fetch,
  first,
  last,
  order,
  pageRows,
}: OrderedReading): AsyncIterable<AuditRecordRow> {
  const direction = order === 'oldest first' ? 1 : -1
  const [begin, end] = order === 'oldest first' ? [first, last] : [last, first]
  let window: AuditWindow = { from: undefined, to: undefined, after: undefined }
  let base = begin
  for (let span = firstSpan; ;) {
    const edge = base + direction * span
    const to = (end - edge) * direction > 0 ? edge : undefined
    const rows = await fetch({ ...window, to })
    yield* rows
    const latest = rows.at(-1)
    if (rows.length === pageRows && latest !== undefined) {
      span = Math.max(shortestSpan, 2 * Math.abs(latest.at - (rows[0]?.at ?? latest.at)))
      base = latest.at
      window = { from: latest.at, to: undefined, after: latest }
    } else {
      if (to === undefined) return
      span *= 2
      base = to
      window = { from: to, to: undefined, after: undefined }
    }
  }
}
