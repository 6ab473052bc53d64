import type { SessionFeed, SessionNotice } from '../../src/core/runtime/session-feed.js'

/** Notices between the processes of one test, as they come by the database: a turn later, and as JSON. */
export class MemorySessionFeed implements SessionFeed {
  readonly #subscribers = new Set<(notice: SessionNotice) => void>()
  readonly published: SessionNotice[] = []
  /** Whether notices arrive. */
  alive = true

  async publish(notice: SessionNotice): Promise<boolean> {
    this.published.push(notice)
    await new Promise(setImmediate)
    if (!this.alive) return false
    for (const hear of this.#subscribers) hear(JSON.parse(JSON.stringify(notice)))
    return true
  }

  async publishAll(notices: readonly SessionNotice[]): Promise<boolean> {
    return (await Promise.all(notices.map((notice) => this.publish(notice)))).every(Boolean)
  }

  subscribe(hear: (notice: SessionNotice) => void): () => void {
    this.#subscribers.add(hear)
    return () => this.#subscribers.delete(hear)
  }
}
