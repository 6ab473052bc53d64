import type { ReadChain } from '../read-chains.js'
import type { ReadRow } from '../read-rows.js'

/** Where a row is. */
export interface NotedRow {
  readonly chain: string
  readonly sequence: number
  /** Microseconds since the epoch. */
  readonly at: number
}

/** Rows that have to agree with others, wherever these are. */
export class NotedRows {
  /** Intents without an outcome of which their chain says that they have one. */
  readonly endless: NotedRow[] = []
  /** Outcomes that nobody knows. */
  readonly unknown: NotedRow[] = []
  /** What has waited beside the trail and had come into it before. */
  readonly repeated: NotedRow[] = []
  /** Of rows that have waited beside the trail, which are few. */
  readonly #nonces = new Set<string>()

  note(row: ReadRow, { kind, name, settled }: Pick<ReadChain, 'kind' | 'name' | 'settled'>): void {
    const { at, detail, sequence } = row
    const noted = { chain: name, sequence, at }
    if (row.open && kind === 'server' && sequence <= settled) this.endless.push(noted)
    if (row.reason === 'unknown' && row.intent_id !== null && row.type.endsWith('.outcome')) this.unknown.push(noted)
    const nonce = detail?.['nonce']
    if (typeof nonce !== 'string' || typeof detail?.['kept'] !== 'string') return
    if (this.#nonces.has(nonce)) this.repeated.push(noted)
    this.#nonces.add(nonce)
  }
}
