import type { Tenant } from '../../identity/tenant.js'
import type { LinkPurpose } from './connection-store.js'

/** As long as a link is good. */
const waitMilliseconds = 10 * 60_000
const mostOfUser = 20
const most = 10_000

/** Says that it has come to that. */
export type Tell = () => Promise<void>

interface Waiting {
  readonly tell: Tell
  /** By `performance.now()`. */
  readonly until: number
}

/** The clients of this process that were sent to a page, and want to hear when their user has signed in at the service. */
export class ConnectWaiting {
  readonly #waiting = new Map<string, readonly Waiting[]>()

  /** Hears of the next sign-in of that account at that service, once, where it comes while a link is good. */
  add(tenant: Tenant, purpose: LinkPurpose, tell: Tell): void {
    const now = performance.now()
    const key = keyOf(tenant, purpose)
    const others = (this.#waiting.get(key) ?? []).filter(({ until }) => until > now)
    // What waits longest is first.
    this.#waiting.delete(key)
    this.#waiting.set(key, [...others, { tell, until: now + waitMilliseconds }].slice(-mostOfUser))
    for (const [longest, waiting] of this.#waiting) {
      if (this.#waiting.size <= most && waiting.some(({ until }) => until > now)) break
      this.#waiting.delete(longest)
    }
  }

  /** That account has signed in at that service. Whom that cannot be told any more calls again anyhow. */
  done(tenant: Tenant, purpose: LinkPurpose): void {
    const key = keyOf(tenant, purpose)
    const waiting = this.#waiting.get(key) ?? []
    this.#waiting.delete(key)
    for (const { tell, until } of waiting) if (until > performance.now()) void tell().catch(() => undefined)
  }
}

function keyOf(tenant: Tenant, { account, service }: LinkPurpose): string {
  return [tenant.id, account, service].join(' ')
}
