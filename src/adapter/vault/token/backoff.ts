import type { Clock } from '../../../core/runtime/clock.js'
import { VaultError } from '../connection/vault-error.js'

const longestSeconds = 30

/** Lets nobody try again too soon what was refused: after 1, 2, 4 and so on up to 30 seconds. */
export class Backoff {
  readonly #clock: Clock
  #refusals = 0
  #openAt = -Infinity
  #last: VaultError | undefined

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /** Throws `VaultError`, as the last time, until it may be tried again. */
  requireOpen(): void {
    if (this.#last !== undefined && this.#clock.now() < this.#openAt)
      throw new VaultError(this.#last, this.#last.message)
  }

  /** Answers with how many seconds from now it may be tried again. */
  fail(refusal: VaultError): number {
    const seconds = Math.min(2 ** this.#refusals, longestSeconds)
    this.#refusals += 1
    this.#openAt = this.#clock.now() + seconds * 1000
    this.#last = refusal
    return seconds
  }

  /** Whether it had been refused before. */
  succeed(): boolean {
    const refused = this.#refusals > 0
    this.#refusals = 0
    this.#last = undefined
    return refused
  }
}
