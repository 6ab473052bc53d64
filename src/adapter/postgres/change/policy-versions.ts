import { LRUCache } from 'lru-cache'
import type { ChangeFeed } from '../../../core/runtime/change-feed.js'

/** How long a version counts without asking, where hints arrive: with the request that asks next, a change counts within a second. */
const freshMilliseconds = 750
const rememberedTenants = 10_000

interface Known {
  readonly version: string
  /** When the database was asked, not when it answered: by `performance.now()`. */
  readonly askedAt: number
}

/** Which policy version each tenant had when it was asked last, and whether that may still be relied on. */
export class PolicyVersions {
  readonly #feed: Pick<ChangeFeed, 'alive'>
  readonly #known = new LRUCache<string, Known>({ max: rememberedTenants })
  readonly #doubted = new LRUCache<string, number>({ max: rememberedTenants })
  #allDoubted = -Infinity

  constructor(feed: Pick<ChangeFeed, 'alive' | 'subscribe'>) {
    this.#feed = feed
    feed.subscribe((tenantId) => this.#doubt(tenantId))
  }

  /** The version that counts without asking; `undefined` where the database has to be asked. */
  current(tenantId: string): string | undefined {
    if (!this.#feed.alive) return undefined
    const known = this.#known.get(tenantId)
    if (known === undefined || performance.now() - known.askedAt >= freshMilliseconds) return undefined
    return this.#isDoubted(tenantId, known.askedAt) ? undefined : known.version
  }

  /** Takes note of an answer. One that was asked for earlier than another says less. */
  note(tenantId: string, known: Known): void {
    const before = this.#known.get(tenantId)
    if (before === undefined || before.askedAt < known.askedAt) this.#known.set(tenantId, known)
  }

  #isDoubted(tenantId: string, askedAt: number): boolean {
    return askedAt <= Math.max(this.#allDoubted, this.#doubted.get(tenantId) ?? -Infinity)
  }

  #doubt(tenantId: string | undefined): void {
    const now = performance.now()
    if (tenantId === undefined) this.#allDoubted = now
    else this.#doubted.set(tenantId, now)
  }
}
