import type { Tenant } from '../../../core/identity/tenant.js'
import type { GrantStore } from '../../../core/permission/grant-store.js'
import type { ChangeFeed } from '../../../core/runtime/change-feed.js'

const compareMilliseconds = 200

export interface PolicyWatchOptions {
  readonly changes: Pick<ChangeFeed, 'subscribe'>
  readonly grants: Pick<GrantStore, 'policyVersion'>
  /** The tenants whose clients wait to be told. */
  readonly tenants: () => readonly Tenant[]
  /** Hears that what a tenant grants is not what it was. Never throws. */
  readonly onChange: (tenant: Tenant) => Promise<void>
}

/** What is known of a tenant whose clients wait. */
interface Watched {
  /** As it was compared last; `undefined` before that. */
  version: string | undefined
  comparing: boolean
  /** A hint came meanwhile. */
  again: boolean
}

/** Notices within a second, without any request, that what a tenant grants has changed; at once where there is a hint. */
export class PolicyWatch {
  readonly #options: PolicyWatchOptions
  readonly #timer: NodeJS.Timeout
  readonly #unsubscribe: () => void
  /** By tenant id. */
  #watched = new Map<string, Watched>()

  constructor(options: PolicyWatchOptions) {
    this.#options = options
    this.#timer = setInterval(() => this.#compareAll('in turn'), compareMilliseconds).unref()
    this.#unsubscribe = options.changes.subscribe(() => this.#compareAll('hinted'))
  }

  close(): void {
    clearInterval(this.#timer)
    this.#unsubscribe()
  }

  /** Each tenant by itself: one whose database hangs must not keep the others from being told. */
  #compareAll(why: 'in turn' | 'hinted'): void {
    const watched = new Map<string, Watched>()
    for (const tenant of this.#options.tenants()) {
      const known = this.#watched.get(tenant.id) ?? { version: undefined, comparing: false, again: false }
      watched.set(tenant.id, known)
      if (known.comparing) known.again ||= why === 'hinted'
      else void this.#compare(tenant, known)
    }
    this.#watched = watched
  }

  async #compare(tenant: Tenant, watched: Watched): Promise<void> {
    watched.comparing = true
    try {
      do {
        watched.again = false
        const version = await this.#options.grants.policyVersion(tenant)
        if (version !== watched.version) await this.#options.onChange(tenant)
        watched.version = version
      } while (watched.again)
    } catch {
      // A database that does not answer is told of by whoever needs it; what was seen before is still to be compared with.
    } finally {
      watched.comparing = false
    }
  }
}
