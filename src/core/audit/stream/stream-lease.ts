import type { RateLimiter } from '../../runtime/rate-limiter.js'

const leaseSeconds = 30
/** What is begun within a lease has to have ended before another process may begin the same. */
const longestWorkMilliseconds = 15_000

/** Lets one process at a time send to a receiver. One that was killed gives way to another within half a minute. */
export class StreamLease {
  readonly #turns: Pick<RateLimiter, 'forget' | 'take'>
  readonly #key: { readonly limit: { name: string; limit: number; seconds: number }; readonly key: string }
  /** By `performance.now()`. */
  #until = -Infinity

  constructor(turns: Pick<RateLimiter, 'forget' | 'take'>, destination: string) {
    this.#turns = turns
    this.#key = { limit: { name: 'audit stream', limit: 1, seconds: leaseSeconds }, key: destination }
  }

  /** Whether this process may send for as long as one delivery takes. Throws `UpstreamError` where nobody can tell. */
  async hold(): Promise<boolean> {
    const now = performance.now()
    if (this.#until - now > longestWorkMilliseconds) return true
    // Only while it is this process's for sure: otherwise it may be the lease of another.
    await this.release()
    const { admitted } = await this.#turns.take([this.#key])
    this.#until = admitted ? now + leaseSeconds * 1000 : -Infinity
    return admitted
  }

  /** Leaves the receiver to whoever comes next. */
  async release(): Promise<void> {
    const isHeld = this.#until - performance.now() > 0
    this.#until = -Infinity
    if (isHeld) await this.#turns.forget([this.#key])
  }
}
