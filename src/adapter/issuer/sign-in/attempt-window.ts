import type { Clock } from '../../../core/runtime/clock.js'

export interface AttemptWindowOptions {
  readonly limit: number
  readonly seconds: number
  readonly clock: Clock
  /** How many keys are remembered; the oldest go first. */
  readonly capacity?: number
}

interface Count {
  used: number
  readonly endsAt: number
}

/** Counts attempts per key in windows of fixed length, in bounded memory. Nothing is shut for longer than one window. */
export class AttemptWindow {
  readonly #counts = new Map<string, Count>()
  readonly #options: AttemptWindowOptions
  readonly #capacity: number

  constructor(options: AttemptWindowOptions) {
    this.#options = options
    this.#capacity = options.capacity ?? 10_000
  }

  /** Counts one attempt; `false` when the window of this key is used up. */
  take(key: string): boolean {
    const count = this.#current(key)
    if (count.used >= this.#options.limit) return false
    count.used += 1
    return true
  }

  /** Takes one attempt back: it was never made, or it was right. */
  giveBack(key: string): void {
    const count = this.#current(key)
    count.used = Math.max(0, count.used - 1)
  }

  /** Starts afresh for a key that has proved itself. */
  forget(key: string): void {
    this.#counts.delete(key)
  }

  /** Seconds until the window of this key ends. */
  secondsLeft(key: string): number {
    return Math.max(1, Math.ceil((this.#current(key).endsAt - this.#options.clock.now()) / 1000))
  }

  #current(key: string): Count {
    const now = this.#options.clock.now()
    const known = this.#counts.get(key)
    if (known !== undefined && known.endsAt > now) return known
    this.#counts.delete(key)
    const fresh: Count = { used: 0, endsAt: now + this.#options.seconds * 1000 }
    this.#counts.set(key, fresh)
    this.#evict(now)
    return fresh
  }

  /** Windows are all equally long, so the map is in order of their ends. */
  #evict(now: number): void {
    for (const [key, count] of this.#counts) {
      if (count.endsAt > now && this.#counts.size <= this.#capacity) return
      this.#counts.delete(key)
    }
  }
}
