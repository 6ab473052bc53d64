import { UpstreamError } from '../error/upstream-error.js'

export interface TurnstileLimits {
  /** How many of one key work at the same time. */
  readonly atOnce: number
  /** How many of one key wait; the next is refused at once. */
  readonly waiting: number
  /** How long they wait. */
  readonly milliseconds: number
}

interface Waiter {
  readonly enter: () => void
  readonly refuse: (error: UpstreamError) => void
  readonly timer: NodeJS.Timeout
}

/** Those of one key who are inside, and those who wait for that, first come, first served. */
interface Line {
  inside: number
  readonly waiters: Waiter[]
}

/** Lets a few of each key in at once, so that however many come of one, those of another find room. */
export class Turnstile {
  readonly #limits: TurnstileLimits
  readonly #lines = new Map<string, Line>()

  constructor(limits: TurnstileLimits) {
    this.#limits = limits
  }

  /** Does the work when it is its turn. Throws `UpstreamError` (`OVERLOADED`) where that is too long, or too many wait. */
  async pass<Value>(key: string, work: () => Promise<Value>): Promise<Value> {
    const line = this.#lineOf(key)
    if (line.inside < this.#limits.atOnce) line.inside += 1
    else await this.#wait(line)
    const startedAt = performance.now()
    try {
      return await work()
    } catch (error) {
      // Whoever waits for what hangs would hang as well, and be told too late. What fails at once they find out by themselves.
      const hung = performance.now() - startedAt > this.#limits.milliseconds / 2
      if (hung && error instanceof UpstreamError) refuseAll(line, error)
      throw error
    } finally {
      this.#leave(key, line)
    }
  }

  #lineOf(key: string): Line {
    const line = this.#lines.get(key) ?? { inside: 0, waiters: [] }
    this.#lines.set(key, line)
    return line
  }

  #wait(line: Line): Promise<void> {
    if (line.waiters.length >= this.#limits.waiting) return Promise.reject(overloaded())
    return new Promise((enter, refuse) => {
      const timer = setTimeout(() => {
        line.waiters.splice(line.waiters.indexOf(waiter), 1)
        refuse(overloaded())
      }, this.#limits.milliseconds)
      const waiter: Waiter = { enter, refuse, timer }
      line.waiters.push(waiter)
    })
  }

  /** The place goes to the next in line. */
  #leave(key: string, line: Line): void {
    const next = line.waiters.shift()
    if (next !== undefined) {
      clearTimeout(next.timer)
      next.enter()
      return
    }
    line.inside -= 1
    if (line.inside === 0) this.#lines.delete(key)
  }
}

function refuseAll(line: Line, error: UpstreamError): void {
  for (const { refuse, timer } of line.waiters.splice(0)) {
    clearTimeout(timer)
    refuse(error)
  }
}

function overloaded(): UpstreamError {
  return new UpstreamError('OVERLOADED', 'too many requests wait to be let in')
}
