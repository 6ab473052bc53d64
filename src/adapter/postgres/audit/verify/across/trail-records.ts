import type { ReadRow } from '../read-rows.js'

type RecordRow = Pick<ReadRow, 'at' | 'detail' | 'reason'>

/** What sealed records of erasures and of the retention add up to. */
export class TrailRecords {
  /** By reference, how many rows in chains the erasure took. */
  readonly #taken = new Map<string, number>()
  /** By reference and by what names the removal, how many of those were removed when their term was over. */
  readonly #removed = new Map<string, Map<string, number>>()
  /** Before when rows have been removed, in microseconds since the epoch; `undefined` where no record says so. */
  removedBefore: number | undefined
  /** By the time before which rows were removed, when that began; both in microseconds since the epoch. */
  readonly #removals = new Map<number, number>()
  /** Up to which number rows from before there were chains have been removed. */
  oldRemoved = 0

  note(row: RecordRow): void {
    if (row.reason === 'erased') this.#noteErased(row)
    if (row.reason === 'pruned') this.#notePruned(row)
  }

  /** By reference, how many rows an erasure has left that still stand in chains. */
  *leftByErasures(): Iterable<{ readonly reference: string; readonly rows: number }> {
    for (const [reference, rows] of this.#taken) {
      const removed = [...(this.#removed.get(reference)?.values() ?? [])].reduce((all, one) => all + one, 0)
      yield { reference, rows: rows - removed }
    }
  }

  /** Whether something that was kept beside the trail at one time came into it at another, although what was as old had been removed in between. */
  isRemovedBetween(kept: number, come: number): boolean {
    return [...this.#removals].some(([before, at]) => kept < before && at < come)
  }

  #noteErased({ detail }: RecordRow): void {
    const reference = detail?.['reference']
    const taken = detail?.['chained']
    const [removal, removed] = [detail?.['removal'], detail?.['removed']]
    if (typeof reference !== 'string') return
    if (typeof taken === 'number') this.#taken.set(reference, taken)
    if (typeof removal !== 'string' || typeof removed !== 'number') return
    const removals = this.#removed.get(reference) ?? new Map<string, number>()
    this.#removed.set(reference, removals.set(removal, removed))
  }

  #notePruned({ at, detail }: RecordRow): void {
    const before = typeof detail?.['before'] === 'string' ? Date.parse(detail['before']) * 1000 : Number.NaN
    // Nothing is removed before it is written.
    const latest = Number.isNaN(before) ? at : Math.min(at, before)
    this.removedBefore = Math.max(this.removedBefore ?? latest, latest)
    this.#removals.set(latest, Math.min(this.#removals.get(latest) ?? at, at))
    const to = detail?.['to']
    if (detail?.['chain'] === 'legacy' && typeof to === 'number') this.oldRemoved = Math.max(this.oldRemoved, to)
  }
}
