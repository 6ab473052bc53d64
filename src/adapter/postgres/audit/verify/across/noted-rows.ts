import type { ReadChain } from '../read-chains.js'
import type { ReadRow } from '../read-rows.js'

/** Where a row is. */
export interface NotedRow {
  readonly chain: string
  readonly sequence: number
  /** Microseconds since the epoch. */
  readonly at: number
}

/** A row that has waited beside the trail. */
export interface WaitedRow extends NotedRow {
  /** Since when, in microseconds since the epoch. */
  readonly kept: number
  /** Whether it had come into the trail before. */
  readonly isRepeated: boolean
}

/** Rows that have to agree with others, wherever these are. */
export class NotedRows {
  /** Intents without an outcome of which their chain says that they have one. */
  readonly endless: NotedRow[] = []
  /** Outcomes that nobody knows. */
  readonly unknown: NotedRow[] = []
  /** They are few. */
  readonly waited: WaitedRow[] = []
  readonly #nonces = new Set<string>()

  note(row: ReadRow, { kind, name, settled }: Pick<ReadChain, 'kind' | 'name' | 'settled'>): void {
    const { at, detail, sequence } = row
    const noted = { chain: name, sequence, at }
    if (row.open && kind === 'server' && sequence <= settled) this.endless.push(noted)
    if (row.reason === 'unknown' && row.intent_id !== null && row.type.endsWith('.outcome')) this.unknown.push(noted)
    const [kept, nonce] = [detail?.['kept'], detail?.['nonce']]
    if (typeof nonce !== 'string' || typeof kept !== 'string') return
    this.waited.push({ ...noted, kept: Date.parse(kept) * 1000, isRepeated: this.#nonces.has(nonce) })
    this.#nonces.add(nonce)
  }
}
