import type { Tenant } from '../../../core/identity/tenant.js'
import type { GrantStore } from '../../../core/permission/grant-store.js'
import type { ChangeFeed } from '../../../core/runtime/change-feed.js'

const compareMilliseconds = 200

export interface PolicyWatchOptions {
  readonly changes: Pick<ChangeFeed, 'subscribe'>
  readonly grants: Pick<GrantStore, 'policyVersion'>
  /** The tenants whose clients wait to be told. */
  readonly tenants: () => readonly Tenant[]
  /** Looks at whatever was last looked at under another version than this. Never throws. */
  readonly onVersion: (tenant: Tenant, version: string) => Promise<void>
}

/**
 * Tells several times a second, without any request, under which policy version tenants are; at once where there is a hint. It
 * remembers nothing: whoever has missed a version, or could not be looked at, is behind and comes next time.
 */
export class PolicyWatch {
  readonly #options: PolicyWatchOptions
  readonly #timer: NodeJS.Timeout
  readonly #unsubscribe: () => void
  readonly #comparing = new Set<string>()
  /** Tenants that a hint came for while they were compared. */
  readonly #again = new Set<string>()
  /** Hints that have not been followed yet, however many there are. */
  #hinted: NodeJS.Immediate | undefined

  constructor(options: PolicyWatchOptions) {
    this.#options = options
    this.#timer = setInterval(() => this.#compareAll('in turn'), compareMilliseconds).unref()
    this.#unsubscribe = options.changes.subscribe(() => {
      this.#hinted ??= setImmediate(() => {
        this.#hinted = undefined
        this.#compareAll('hinted')
      }).unref()
    })
  }

  close(): void {
    clearInterval(this.#timer)
    clearImmediate(this.#hinted)
    this.#unsubscribe()
  }

  /** Each tenant by itself: one whose database hangs must not keep the others from being told. */
  #compareAll(why: 'in turn' | 'hinted'): void {
    for (const tenant of this.#options.tenants()) {
      if (!this.#comparing.has(tenant.id)) void this.#compare(tenant)
      else if (why === 'hinted') this.#again.add(tenant.id)
    }
  }

  async #compare(tenant: Tenant): Promise<void> {
    this.#comparing.add(tenant.id)
    try {
      do {
        this.#again.delete(tenant.id)
        await this.#options.onVersion(tenant, await this.#options.grants.policyVersion(tenant))
      } while (this.#again.has(tenant.id))
    } catch {
      // A database that does not answer is told of by whoever needs it.
    } finally {
      this.#again.delete(tenant.id)
      this.#comparing.delete(tenant.id)
    }
  }
}
