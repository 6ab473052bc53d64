import type { AuditEvent } from '../../../../core/audit/audit-event.js'
import type { UpstreamError } from '../../../../core/error/upstream-error.js'

const mostEvents = 10_000
const eventsPerCommit = 500

/** Writes events of one database, all or none, or answers with what keeps it from that. */
export type WriteEvents = (events: readonly AuditEvent[]) => Promise<UpstreamError | undefined>

/** Events that a database would not take, in their order and of bounded number: the oldest give way. */
export class AuditBacklog {
  readonly #onDropped: (events: readonly AuditEvent[]) => void
  #events: AuditEvent[] = []

  constructor(onDropped: (events: readonly AuditEvent[]) => void) {
    this.#onDropped = onDropped
  }

  get size(): number {
    return this.#events.length
  }

  add(event: AuditEvent): void {
    this.#events.push(event)
    this.#bound()
  }

  /** Everything that is kept; from now on it is not. */
  take(): readonly AuditEvent[] {
    const events = this.#events
    this.#events = []
    return events
  }

  /** Hands every database its events; what it does not take stays. Answers with the first failure. */
  async write(write: WriteEvents): Promise<UpstreamError | undefined> {
    const byDatabase = new Map<string | undefined, AuditEvent[]>()
    for (const event of this.take()) {
      const events = byDatabase.get(event.tenant?.id)
      if (events === undefined) byDatabase.set(event.tenant?.id, [event])
      else events.push(event)
    }
    const left = await Promise.all([...byDatabase.values()].map((events) => writeInTurn(events, write)))
    this.#events = [...left.flatMap(({ events }) => events), ...this.#events]
    this.#bound()
    return left.find(({ failure }) => failure !== undefined)?.failure
  }

  #bound(): void {
    const excess = this.#events.length - mostEvents
    if (excess > 0) this.#onDropped(this.#events.splice(0, excess))
  }
}

/** What was not written, and why. */
async function writeInTurn(
  events: readonly AuditEvent[],
  write: WriteEvents,
): Promise<{ readonly events: readonly AuditEvent[]; readonly failure: UpstreamError | undefined }> {
  for (let start = 0; start < events.length; start += eventsPerCommit) {
    const failure = await write(events.slice(start, start + eventsPerCommit))
    if (failure !== undefined) return { events: events.slice(start), failure }
  }
  return { events: [], failure: undefined }
}
