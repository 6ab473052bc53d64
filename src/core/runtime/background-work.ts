/** How long work goes on once the process is to end, unless told: a client that is well has answered by then. */
const mostMilliseconds = 3_000

/** Work that nobody waits for, until what it works with is closed. */
export class BackgroundWork {
  readonly #running = new Set<Promise<void>>()
  readonly #giveUp = new AbortController()
  readonly #mostMilliseconds: number
  #closed = false

  /** `milliseconds`: how long it may go on once it is closed. */
  constructor(milliseconds: number = mostMilliseconds) {
    this.#mostMilliseconds = milliseconds
  }

  /** Starts work, which never throws and ends soon once its signal says so; `false` where it is too late for any. */
  start(work: (signal: AbortSignal) => Promise<void>): boolean {
    if (this.#closed) return false
    const running = work(this.#giveUp.signal).finally(() => this.#running.delete(running))
    this.#running.add(running)
    return true
  }

  /** Starts nothing more; resolves when nothing is under way, which is given up where it takes too long. */
  async close(): Promise<void> {
    this.#closed = true
    const done = Promise.allSettled(this.#running)
    const timer = setTimeout(() => this.#giveUp.abort(new Error('the process is about to end')), this.#mostMilliseconds)
    await done
    clearTimeout(timer)
  }
}
