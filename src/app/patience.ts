import { setTimeout as pause } from 'node:timers/promises'
import { UpstreamError } from '../core/error/upstream-error.js'
import type { Log } from '../core/runtime/log.js'

/** How a start takes it that what it depends on does not answer. */
export interface Patience {
  /** How long one attempt waits for PostgreSQL by itself, in milliseconds; `undefined` for what a command takes. */
  readonly attemptMilliseconds: number | undefined
  /** What `action` answers with. It may be asked again, so it must leave nothing behind when it throws `UpstreamError`. */
  untilAnswered<Result>(action: () => Promise<Result>): Promise<Result>
}

/** Whoever started us waits for us, and is told after a few seconds. */
export const boundedPatience: Patience = {
  attemptMilliseconds: undefined,
  untilAnswered: (action) => action(),
}

const shortestPause = 100
const longestPause = 1_000

/**
 * Waits for an outage to end, however long it takes: whoever runs the process would only start it again. What waiting does not
 * change is thrown at once.
 */
export class EndlessPatience implements Patience {
  readonly attemptMilliseconds = 0
  readonly #log: Log
  readonly #end = new AbortController()
  #waitingSince: number | undefined

  constructor(log: Log) {
    this.#log = log
  }

  /** Whether an outage keeps the start from going on. */
  get waiting(): boolean {
    return this.#waitingSince !== undefined
  }

  /** Throws what `action` throws, unless that is an `UpstreamError`; throws that one, too, once `giveUp` was called. */
  async untilAnswered<Result>(action: () => Promise<Result>): Promise<Result> {
    for (let failures = 0; ; failures += 1) {
      try {
        const result = await action()
        this.#answered()
        return result
      } catch (error) {
        if (!(error instanceof UpstreamError)) throw error
        if (this.#end.signal.aborted) throw closedEarly(error)
        this.#failed(error)
      }
      await this.#pause(failures)
    }
  }

  /** No further attempt is made. */
  giveUp(): void {
    this.#end.abort()
  }

  async #pause(failures: number): Promise<void> {
    const milliseconds = Math.min(longestPause, shortestPause * 2 ** failures) * (0.75 + Math.random() / 2)
    try {
      await pause(milliseconds, undefined, { signal: this.#end.signal })
    } catch (error) {
      throw closedEarly(error)
    }
  }

  #failed(error: UpstreamError): void {
    if (this.#waitingSince !== undefined) return
    this.#waitingSince = performance.now()
    this.#log.write('warn', 'the start waits for what it depends on, however long that takes', { error })
  }

  #answered(): void {
    if (this.#waitingSince === undefined) return
    const seconds = Math.round(performance.now() - this.#waitingSince) / 1000
    this.#waitingSince = undefined
    this.#log.write('info', 'what the start has waited for answers', { seconds })
  }
}

function closedEarly(cause: unknown): UpstreamError {
  return new UpstreamError('SHUTTING_DOWN', 'the app was closed before it was ready', { cause })
}
