import type { Tenant } from '../../../core/identity/tenant.js'
import type { GrantStore } from '../../../core/permission/grant-store.js'
import type { ChangeFeed } from '../../../core/runtime/change-feed.js'
import { LookRound } from './look-round.js'

const roundMilliseconds = 200
/** 25 a second, however many tenants there are: with five of them each is compared in every round, with 200 every eight seconds. */
const comparedInRound = 5
/** Where any tenant may have changed, every one is compared, and so many at once. */
const comparedAtOnce = 8

export interface PolicyWatchOptions {
  readonly changes: Pick<ChangeFeed, 'subscribe'>
  readonly grants: Pick<GrantStore, 'policyVersion'>
  /** The tenants whose clients wait to be told. */
  readonly tenants: () => readonly Tenant[]
  /** Looks at whatever was last looked at under another version than this. Never throws. */
  readonly onVersion: (tenant: Tenant, version: string) => Promise<void>
}

/**
 * Tells without any request under which policy version tenants are: of a few several times a second, in turn, and at once where
 * there is a hint. Of a tenant it remembers only whose turn it is: whoever has missed a version, or could not be looked at, is
 * behind and comes next time.
 */
export class PolicyWatch {
  readonly #options: PolicyWatchOptions
  readonly #timer: NodeJS.Timeout
  readonly #unsubscribe: () => void
  readonly #comparing = new Set<string>()
  /** Tenants that a hint came for while they were compared. */
  readonly #again = new Set<string>()
  /** Hints that have not been followed yet, however many there are. */
  readonly #hinted = new Set<string | undefined>()
  #following: NodeJS.Immediate | undefined
  readonly #round = new LookRound<Tenant>(comparedInRound, ({ id }) => id)

  constructor(options: PolicyWatchOptions) {
    this.#options = options
    this.#timer = setInterval(() => this.#compareNext(), roundMilliseconds).unref()
    this.#unsubscribe = options.changes.subscribe((tenantId) => {
      this.#hinted.add(tenantId)
      this.#following ??= setImmediate(() => this.#follow()).unref()
    })
  }

  close(): void {
    clearInterval(this.#timer)
    clearImmediate(this.#following)
    this.#unsubscribe()
  }

  /** Each tenant by itself: one whose database hangs must not keep the others from being told, nor take their turn. */
  #compareNext(): void {
    const tenants = this.#options.tenants().filter(({ id }) => !this.#comparing.has(id))
    for (const tenant of this.#round.next(tenants)) void this.#compare(tenant)
  }

  #follow(): void {
    this.#following = undefined
    const hinted = new Set(this.#hinted)
    this.#hinted.clear()
    const tenants = this.#options.tenants().filter(({ id }) => hinted.has(undefined) || hinted.has(id))
    const compare = async (): Promise<void> => {
      for (let tenant = tenants.pop(); tenant !== undefined; tenant = tenants.pop()) {
        if (this.#comparing.has(tenant.id)) this.#again.add(tenant.id)
        else await this.#compare(tenant)
      }
    }
    for (let one = 0; one < comparedAtOnce; one += 1) void compare()
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
