import type { Timers } from '../../../src/adapter/vault/token/timers.js'
import { ManualClock } from '../manual-clock.js'

interface Appointment {
  readonly dueAt: number
  readonly action: () => void
}

/** A clock that stands still until it is moved, and what was to happen by then. */
export class ManualTimers extends ManualClock implements Timers {
  readonly #appointments = new Set<Appointment>()

  /** Seconds until the next appointment, if there is one. */
  get next(): number | undefined {
    const due = [...this.#appointments].map(({ dueAt }) => (dueAt - this.now()) / 1000)
    return due.length === 0 ? undefined : Math.min(...due)
  }

  after(seconds: number, action: () => void): () => void {
    const appointment = { dueAt: this.now() + seconds * 1000, action }
    this.#appointments.add(appointment)
    return () => {
      this.#appointments.delete(appointment)
    }
  }

  override advance(seconds: number): void {
    super.advance(seconds)
    for (const appointment of this.#appointments) {
      if (appointment.dueAt > this.now()) continue
      this.#appointments.delete(appointment)
      appointment.action()
    }
  }
}
