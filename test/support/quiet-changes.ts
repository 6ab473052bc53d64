import type { GrantStore } from '../../src/core/permission/grant-store.js'
import type { ChangeFeed } from '../../src/core/runtime/change-feed.js'

/** Hints that a test gives, and the policy versions that it says. */
export class QuietChanges implements Pick<ChangeFeed, 'subscribe'>, Pick<GrantStore, 'policyVersion'> {
  version = '1'
  readonly #subscribers = new Set<(tenantId: string | undefined) => void>()

  subscribe(hear: (tenantId: string | undefined) => void): () => void {
    this.#subscribers.add(hear)
    return () => this.#subscribers.delete(hear)
  }

  async policyVersion(): Promise<string> {
    return this.version
  }

  /** What tenants grant is not what it was; nobody is told. */
  change(): void {
    this.version = String(Number(this.version) + 1)
  }

  hint(tenantId?: string): void {
    for (const hear of this.#subscribers) hear(tenantId)
  }
}
