import { randomUUID } from 'node:crypto'
import { setTimeout as pause } from 'node:timers/promises'
import type { LoadClient } from '../support/load.js'
import { until } from '../support/until.js'

const longestCallMilliseconds = 40

/** Calls from several clients of one server at once, whether it is there or not, until it is stopped. */
export class CrashLoad {
  /** What was called with it, and was answered with success. */
  readonly answered: string[] = []
  /** Answers that are neither a result nor an outage. */
  readonly faults: string[] = []
  asked = 0
  readonly #running: Promise<unknown>
  #stopped = false

  constructor(clients: readonly LoadClient[]) {
    this.#running = Promise.all(clients.map((client) => this.#work(client)))
  }

  /** Resolves when so many more calls were answered. */
  async answers(more: number): Promise<void> {
    const before = this.answered.length
    await until(() => this.answered.length >= before + more, 60_000).catch((cause: unknown) => {
      throw new TypeError(`${more} more calls are not answered: ${this.faults.at(-1) ?? 'no answers'}`, { cause })
    })
  }

  async stop(): Promise<void> {
    this.#stopped = true
    await this.#running
  }

  async #work(client: LoadClient): Promise<void> {
    while (!this.#stopped) {
      const nonce = randomUUID()
      this.asked += 1
      try {
        const ms = Math.floor(Math.random() * longestCallMilliseconds)
        const { status, text } = await client.call('book', { nonce, ms })
        if (status === 200 && text.includes(nonce)) this.answered.push(nonce)
        else if (status !== 503) this.faults.push(`${status} ${text}`)
      } catch {
        // Nobody answered: it may have run or not.
        await pause(100)
      }
    }
  }
}
