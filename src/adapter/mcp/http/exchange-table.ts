import type { Clock } from '../../../core/runtime/clock.js'
import type { Exchange } from './exchange.js'

const tickMilliseconds = 1_000
const silentMilliseconds = 15_000

/** The exchanges that are being answered. Each second, those whose token has expired are ended. */
export class ExchangeTable {
  readonly #clock: Clock
  readonly #running = new Set<Exchange>()
  readonly #timer: NodeJS.Timeout
  #onIdle: (() => void) | undefined
  #closing = false

  constructor(clock: Clock) {
    this.#clock = clock
    this.#timer = setInterval(() => this.#tick(), tickMilliseconds).unref()
  }

  get closing(): boolean {
    return this.#closing
  }

  add(exchange: Exchange): void {
    this.#running.add(exchange)
  }

  delete(exchange: Exchange): void {
    this.#running.delete(exchange)
    if (this.#running.size === 0) this.#onIdle?.()
  }

  /** Ends streams at once and everything else when it is answered, or after `drainMilliseconds`. */
  async close(drainMilliseconds: number): Promise<void> {
    this.#closing = true
    for (const exchange of [...this.#running]) if (exchange.id === undefined) exchange.stop('shutting-down')
    await this.#idle(drainMilliseconds)
    for (const exchange of [...this.#running]) exchange.stop('shutting-down')
    clearInterval(this.#timer)
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
      if (exchange.caller.expiresAt <= now) exchange.stop('expired')
      else exchange.reply.keepAlive(silentMilliseconds)
    }
  }
}
