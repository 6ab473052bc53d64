import { systemClock, type Clock } from '../core/runtime/clock.js'
import type { RateLimitAnswer, RateLimiter, RateLimitKey } from '../core/runtime/rate-limiter.js'

interface Window {
  used: number
  readonly endsAt: number
}

/** The counts of this process alone, as a database would keep them. Nothing is cleared away: tests are short. */
export class InMemoryRateLimiter implements RateLimiter {
  readonly #windows = new Map<string, Window>()
  readonly #clock: Clock

  constructor(clock: Clock = systemClock) {
    this.#clock = clock
  }

  async take(keys: readonly RateLimitKey[]): Promise<RateLimitAnswer> {
    const now = this.#clock.now()
    const spent = keys.flatMap((key) => {
      const window = this.#live(key)
      return window !== undefined && window.used >= key.limit.limit ? [window.endsAt] : []
    })
    if (spent.length > 0) return { admitted: false, secondsLeft: Math.ceil((Math.max(...spent) - now) / 1000) }
    for (const key of keys) {
      const window = this.#live(key) ?? { used: 0, endsAt: now + key.limit.seconds * 1000 }
      window.used += 1
      this.#windows.set(nameOf(key), window)
    }
    return { admitted: true }
  }

  async giveBack(keys: readonly RateLimitKey[]): Promise<void> {
    for (const key of keys) {
      const window = this.#live(key)
      if (window !== undefined) window.used = Math.max(0, window.used - 1)
    }
  }

  async forget(keys: readonly RateLimitKey[]): Promise<void> {
    for (const key of keys) this.#windows.delete(nameOf(key))
  }

  #live(key: RateLimitKey): Window | undefined {
    const window = this.#windows.get(nameOf(key))
    return window !== undefined && window.endsAt > this.#clock.now() ? window : undefined
  }
}

function nameOf({ limit, key }: RateLimitKey): string {
  return JSON.stringify([limit.name, key])
}
