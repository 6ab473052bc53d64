import { LRUCache } from 'lru-cache'
import type { Clock } from '../../core/runtime/clock.js'
import type { Accepted, TokenEngine } from './token-engine.js'

const most = 10_000

interface Verified {
  readonly engine: TokenEngine
  readonly accepted: Accepted
}

interface Entry extends Verified {
  readonly keptAt: number
}

/** Tokens that were verified for a resource. What is found is still within its time, by the same engine, and its key still stands. */
export class VerifiedTokenCache {
  readonly #clock: Clock
  readonly #entries = new LRUCache<string, Entry>({ max: most })

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /** `undefined` where the token has to be verified. Throws `UpstreamError` where it cannot be told whether its key stands. */
  async find(key: string, stillServes: (engine: TokenEngine) => boolean): Promise<Accepted | undefined> {
    const entry = this.#entries.get(key)
    if (entry === undefined) return undefined
    const now = this.#clock.now()
    // A clock that was set back makes tokens that are not valid yet of those that were.
    const inTime = entry.keptAt <= now && now < entry.accepted.verified.expiresAt * 1000
    if (inTime && stillServes(entry.engine) && (await entry.accepted.stands())) return entry.accepted
    this.#entries.delete(key)
    return undefined
  }

  keep(key: string, verified: Verified): void {
    this.#entries.set(key, { ...verified, keptAt: this.#clock.now() })
  }

  forget(key: string): void {
    this.#entries.delete(key)
  }
}
