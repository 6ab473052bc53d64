import type { Clock } from '../../../core/runtime/clock.js'
import type { Session } from './session.js'

const idleMilliseconds = 30 * 60_000
const sweepMilliseconds = 60_000
/** Anybody may open one where clients sign in with the five tools. */
const mostSessions = 10_000

/**
 * The sessions that are used in this process, by the digest of their ids; idle and supernumerary ones are dropped. What is
 * dropped here is restored from the store when it is used again.
 */
export class SessionTable {
  readonly #clock: Clock
  /** The least recently used first. */
  readonly #sessions = new Map<string, Session>()
  readonly #restoring = new Map<string, Promise<Session>>()
  readonly #timer: NodeJS.Timeout

  constructor(clock: Clock) {
    this.#clock = clock
    this.#timer = setInterval(() => void this.#sweep(), sweepMilliseconds).unref()
  }

  get size(): number {
    return this.#sessions.size
  }

  all(): Session[] {
    return [...this.#sessions.values()]
  }

  /** The session of this digest if this process has it; that does not count as use. */
  peek(digest: string): Session | undefined {
    return this.#sessions.get(digest)
  }

  add(session: Session): void {
    this.#sessions.set(session.record.digest, session)
    if (this.#sessions.size > mostSessions) void this.#dropOne()
  }

  /** The session of this digest; `restore` makes it where this process does not have it, once for all who ask meanwhile. */
  async get(digest: string, restore: () => Promise<Session>): Promise<Session> {
    const known = this.#sessions.get(digest)
    if (known !== undefined) {
      known.usedAt = this.#clock.now()
      this.#sessions.delete(digest)
      this.#sessions.set(digest, known)
      return known
    }
    const restoring = this.#restoring.get(digest) ?? this.#restore(digest, restore)
    this.#restoring.set(digest, restoring)
    return restoring
  }

  /** Stops what runs in a session and drops it. */
  async end(digest: string): Promise<void> {
    const session = this.#sessions.get(digest)
    if (session === undefined) return
    this.#sessions.delete(digest)
    await session.close()
  }

  async close(): Promise<void> {
    clearInterval(this.#timer)
    await Promise.all([...this.#sessions.keys()].map((digest) => this.end(digest)))
  }

  async #restore(digest: string, restore: () => Promise<Session>): Promise<Session> {
    try {
      const session = await restore()
      this.add(session)
      return session
    } finally {
      this.#restoring.delete(digest)
    }
  }

  async #dropOne(): Promise<void> {
    for (const [digest, session] of this.#sessions) if (!session.busy) return this.end(digest)
  }

  async #sweep(): Promise<void> {
    const before = this.#clock.now() - idleMilliseconds
    const idle = [...this.#sessions].filter(([, session]) => !session.busy && session.usedAt <= before)
    await Promise.all(idle.map(([digest]) => this.end(digest)))
  }
}
