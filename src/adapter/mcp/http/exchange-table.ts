import type { Clock } from '../../../core/runtime/clock.js'
import type { SessionNotice } from '../../../core/runtime/session-feed.js'
import type { Exchange } from './exchange.js'
import type { StandingCheck } from './standing-check.js'

const tickMilliseconds = 1_000
const standingMilliseconds = 2_000
const silentMilliseconds = 15_000

/** The exchanges that are being answered. Those whose token has expired end within a second, those whose caller may no longer enter soon after. */
export class ExchangeTable {
  readonly #clock: Clock
  readonly #standing: StandingCheck
  readonly #running = new Set<Exchange>()
  readonly #timers: readonly NodeJS.Timeout[]
  #onIdle: (() => void) | undefined
  #closing = false

  constructor(clock: Clock, standing: StandingCheck) {
    this.#clock = clock
    this.#standing = standing
    this.#timers = [
      setInterval(() => this.#tick(), tickMilliseconds).unref(),
      setInterval(() => void standing.check([...this.#running]), standingMilliseconds).unref(),
    ]
  }

  get closing(): boolean {
    return this.#closing
  }

  /** Streams that clients opened to listen. */
  get streamCount(): number {
    return [...this.#running].filter(({ id, reply }) => id === undefined && reply.streaming).length
  }

  add(exchange: Exchange): void {
    this.#running.add(exchange)
  }

  delete(exchange: Exchange): void {
    this.#running.delete(exchange)
    if (this.#running.size === 0) this.#onIdle?.()
  }

  /** Where somebody may have lost their standing, nobody waits for the next round. */
  hear(notice: SessionNotice): void {
    if (notice.about === 'everything') void this.#standing.checkAtOnce([...this.#running])
    else if (notice.about === 'sign-in' || notice.about === 'grant') {
      void this.#standing.checkAtOnce([...this.#running].filter((exchange) => isOf(exchange, notice.key)))
    } else if (notice.about === 'keys') {
      // Whoever opened a stream may have done so with a token that nobody would take any more; with another one it is opened again.
      for (const exchange of [...this.#running]) if (isOfOwnToken(exchange)) exchange.stop('revoked')
    } else if (notice.about === 'logout') {
      void this.#standing.checkAtOnce([...this.#running].filter((exchange) => isLoggedOut(exchange, notice)))
    }
  }

  /** Ends streams at once and everything else when it is answered, or after `drainMilliseconds`. */
  async close(drainMilliseconds: number): Promise<void> {
    this.#closing = true
    for (const exchange of [...this.#running]) if (exchange.id === undefined) exchange.stop('shutting-down')
    await this.#idle(drainMilliseconds)
    for (const exchange of [...this.#running]) exchange.stop('shutting-down')
    for (const timer of this.#timers) clearInterval(timer)
  }

  async #idle(milliseconds: number): Promise<void> {
    if (this.#running.size === 0 || milliseconds <= 0) return
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, milliseconds)
      this.#onIdle = () => {
        clearTimeout(timer)
        resolve()
      }
    })
  }

  #tick(): void {
    const now = this.#clock.now() / 1000
    for (const exchange of [...this.#running]) {
      const { bound } = exchange
      if (bound !== undefined && bound.expiresAt <= now) exchange.stop('expired')
      else exchange.reply.keepAlive(silentMilliseconds)
    }
  }
}

/** Whether it may go by what an issuer has ended. */
function isLoggedOut(
  { bound }: Exchange,
  { issuer, sessionId, subject }: SessionNotice & { about: 'logout' },
): boolean {
  if (bound?.issuer !== issuer || bound.credential.kind !== 'bearer') return false
  return bound.user.subject === subject || (sessionId !== undefined && bound.credential.sessionId === sessionId)
}

/** A stream of a bearer whose token our own issuer has signed: those of others prove themselves. */
function isOfOwnToken({ bound, id }: Exchange): boolean {
  return id === undefined && bound?.credential.kind === 'bearer' && bound.credential.proof === undefined
}

/** Whether it goes by the sign-in or the grant of this key. */
function isOf({ bound }: Exchange, key: string): boolean {
  if (bound === undefined) return false
  return bound.grantDigest === key || (bound.credential.kind === 'sign-in' && bound.credential.signIn.key === key)
}
