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

/** Notices within a second, without any request, that what a tenant grants has changed; at once where there is a hint. */
export class PolicyWatch {
  readonly #options: PolicyWatchOptions
  readonly #timer: NodeJS.Timeout
  readonly #unsubscribe: () => void
  #seen = new Map<string, string>()
  #comparing = false
  #again = false

  constructor(options: PolicyWatchOptions) {
    this.#options = options
    this.#timer = setInterval(() => void this.#compare(), compareMilliseconds).unref()
    this.#unsubscribe = options.changes.subscribe(() => {
      this.#again = true
      void this.#compare()
    })
  }

  close(): void {
    clearInterval(this.#timer)
    this.#unsubscribe()
  }

  /** No round before the last one is done; a hint that comes meanwhile starts another. */
  async #compare(): Promise<void> {
    if (this.#comparing) return
    this.#comparing = true
    try {
      do {
        this.#again = false
        const seen = new Map<string, string>()
        await Promise.all(this.#options.tenants().map((tenant) => this.#compareOne(tenant, seen)))
        this.#seen = seen
      } while (this.#again)
    } finally {
      this.#comparing = false
    }
  }

  async #compareOne(tenant: Tenant, seen: Map<string, string>): Promise<void> {
    const before = this.#seen.get(tenant.id)
    try {
      const version = await this.#options.grants.policyVersion(tenant)
      if (version !== before) await this.#options.onChange(tenant)
      seen.set(tenant.id, version)
    } catch {
      // A database that does not answer is told of by whoever needs it; what was seen before is still to be compared with.
      if (before !== undefined) seen.set(tenant.id, before)
    }
  }
}
