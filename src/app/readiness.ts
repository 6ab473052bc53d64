import { UpstreamError } from '../core/error/upstream-error.js'

/** What tells whether the master database answers. */
export interface ReadinessSigns {
  ping(): Promise<void>
  /** Whether it was heard of within the last seconds on a connection of its own, however busy all others are. */
  heard(): boolean
}

type Sign = 'answers' | 'down' | 'unclear'

const longestMilliseconds = 900
const keptMilliseconds = 200

/** Whether this process should be sent requests: not before it serves, not after it was asked to stop, not without its database. */
export class Readiness {
  #signs: ReadinessSigns | undefined
  #stopped = false
  #check: { readonly answer: Promise<boolean>; until: number } | undefined
  #pinging: Promise<Sign> | undefined

  /** From now on it is ready whenever its database is. */
  begin(signs: ReadinessSigns): void {
    this.#signs = signs
  }

  /** It is never ready again. */
  stop(): void {
    this.#stopped = true
  }

  /** Answers within a second. All who ask at about the same time share one query. */
  async isReady(): Promise<boolean> {
    if (this.#signs === undefined || this.#stopped) return false
    if (this.#check === undefined || performance.now() > this.#check.until) this.#check = this.#begin(this.#signs)
    return (await this.#check.answer) && !this.#stopped
  }

  #begin(signs: ReadinessSigns): { readonly answer: Promise<boolean>; until: number } {
    const check = { answer: this.#look(signs), until: Infinity }
    void check.answer.then(() => (check.until = performance.now() + keptMilliseconds))
    return check
  }

  async #look(signs: ReadinessSigns): Promise<boolean> {
    let timer: NodeJS.Timeout | undefined
    const late = new Promise<Sign>((resolve) => {
      timer = setTimeout(() => resolve('unclear'), longestMilliseconds)
    })
    this.#pinging ??= signOf(signs.ping()).finally(() => (this.#pinging = undefined))
    const sign = await Promise.race([this.#pinging, late])
    clearTimeout(timer)
    // A server with too much to do is no better off when the others get what it was sent.
    return sign === 'unclear' ? signs.heard() : sign === 'answers'
  }
}

async function signOf(ping: Promise<void>): Promise<Sign> {
  try {
    await ping
    return 'answers'
  } catch (error) {
    return error instanceof UpstreamError && error.outage === 'OVERLOADED' ? 'unclear' : 'down'
  }
}
