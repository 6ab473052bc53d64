const shortestPause = 25
const longestPause = 400

/** PostgreSQL takes no more connections: it is asked again after pauses that grow, and for one at a time. */
export class Crowding {
  readonly #onPauseEnd: () => void
  #refusals = 0
  #pause: NodeJS.Timeout | undefined

  constructor(onPauseEnd: () => void) {
    this.#onPauseEnd = onPauseEnd
  }

  /** Whether a connection may be tried while so many others are. */
  mayTry(trying: number): boolean {
    return this.#pause === undefined && (this.#refusals === 0 || trying === 0)
  }

  refused(): void {
    const pause = Math.min(longestPause, shortestPause * 2 ** this.#refusals)
    this.#refusals += 1
    this.#pause ??= setTimeout(() => {
      this.#pause = undefined
      this.#onPauseEnd()
    }, jittered(pause)).unref()
  }

  /** PostgreSQL has taken a connection. */
  over(): void {
    this.#refusals = 0
  }

  stop(): void {
    clearTimeout(this.#pause)
  }
}

/** Several processes that were refused at once do not come back at once. */
function jittered(milliseconds: number): number {
  return milliseconds * (0.75 + Math.random() / 2)
}
