import type { Clock } from '../../src/core/runtime/clock.js'

/** A clock that stands still until it is told otherwise. Starts at 2026-01-01T00:00:00Z. */
export class ManualClock implements Clock {
  #now = Date.UTC(2026, 0, 1)

  now(): number {
    return this.#now
  }

  /** Whole seconds since the epoch, as tokens count. */
  get seconds(): number {
    return Math.floor(this.#now / 1000)
  }

  advance(seconds: number): void {
    this.#now += seconds * 1000
  }
}
