import { UpstreamError } from '../../../../core/error/upstream-error.js'
import type { AuditRow } from '../audit-row.js'

const rowsPerCommit = 500
const rowsWaiting = 5000
/** Who has waited longer than this while a commit failed is not made to wait for another one to fail. */
const patienceMilliseconds = 500

interface Entry {
  readonly row: AuditRow
  /** By `performance.now()`. */
  readonly since: number
  readonly resolve: () => void
  readonly reject: (error: unknown) => void
}

/** Writes the rows of one database: the first at once, those that arrive meanwhile together in the next commit. No timer delays anybody. */
export class AuditWriter {
  readonly #insert: (rows: readonly AuditRow[]) => Promise<void>
  readonly #waiting: Entry[] = []
  #running: Promise<void> | undefined

  constructor(insert: (rows: readonly AuditRow[]) => Promise<void>) {
    this.#insert = insert
  }

  get idle(): boolean {
    return this.#running === undefined
  }

  /** Committed once it resolves. Throws `UpstreamError`: `OVERLOADED` when too many rows wait, otherwise what kept the commit away. */
  write(row: AuditRow): Promise<void> {
    if (this.#waiting.length >= rowsWaiting) {
      return Promise.reject(new UpstreamError('OVERLOADED', 'too many audit events wait to be written'))
    }
    return new Promise((resolve, reject) => {
      this.#waiting.push({ row, since: performance.now(), resolve, reject })
      this.#running ??= this.#run()
    })
  }

  /** Resolves when nothing waits any more, written or refused. */
  async settle(): Promise<void> {
    await this.#running
  }

  async #run(): Promise<void> {
    while (this.#waiting.length > 0) {
      const entries = this.#waiting.splice(0, rowsPerCommit)
      try {
        await this.#insert(entries.map((entry) => entry.row))
        for (const entry of entries) entry.resolve()
      } catch (error) {
        for (const entry of [...entries, ...this.#takeImpatient()]) entry.reject(error)
      }
    }
    this.#running = undefined
  }

  /** Those who came first are the first in line. */
  #takeImpatient(): readonly Entry[] {
    const latest = performance.now() - patienceMilliseconds
    const patient = this.#waiting.findIndex(({ since }) => since > latest)
    return this.#waiting.splice(0, patient === -1 ? this.#waiting.length : patient)
  }
}
