import type { Clock } from '../../src/core/runtime/clock.js'

/** The real time, moved forward on demand: for what has to agree with a library that asks the system. */
export class ShiftableClock implements Clock {
  #offset = 0

  now(): number {
    return Date.now() + this.#offset
  }

  advance(seconds: number): void {
    this.#offset += seconds * 1000
  }
}
