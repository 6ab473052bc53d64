import type { SessionStore } from '../../../core/identity/session-store.js'
import type { Tenant } from '../../../core/identity/tenant.js'
import type { GrantStore } from '../../../core/permission/grant-store.js'
import type { ChangeFeed } from '../../../core/runtime/change-feed.js'
import type { Log } from '../../../core/runtime/log.js'
import { PolicyWatch } from './policy-watch.js'
import type { SessionTable } from './session-table.js'
import type { Session } from './session.js'

const watchMilliseconds = 2_000
const touchMilliseconds = 20_000
const looksAtOnce = 12

export interface ChangeWatchOptions {
  readonly table: Pick<SessionTable, 'all' | 'end'>
  readonly sessions: SessionStore | undefined
  readonly changes: Pick<ChangeFeed, 'subscribe'>
  readonly grants: Pick<GrantStore, 'policyVersion'>
  /** Tells the client of a session what has changed for it, if anything, under this policy version at least. */
  readonly announce: (session: Session, policyVersion: string | undefined) => Promise<void>
  readonly log: Log
}

/**
 * Looks after sessions whose client waits on an open stream: a sign-in that ends elsewhere or expires changes the list of tools
 * without any request, and so does whatever changes what the tenant grants. Also keeps sessions alive while something is open
 * or running in them.
 */
export class ChangeWatch {
  readonly #options: ChangeWatchOptions
  readonly #timers: readonly NodeJS.Timeout[]
  readonly #policies: PolicyWatch
  readonly #outages = new Set<string>()
  #looking = false
  #touching = false

  constructor(options: ChangeWatchOptions) {
    this.#options = options
    this.#policies = new PolicyWatch({
      ...options,
      tenants: () => this.#tenants(),
      onVersion: (tenant, version) => this.#lookAtAll(this.#behind(tenant, version), version),
    })
    this.#timers = [
      setInterval(() => void this.#look(), watchMilliseconds).unref(),
      setInterval(() => void this.#touch(), touchMilliseconds).unref(),
    ]
  }

  close(): void {
    this.#policies.close()
    for (const timer of this.#timers) clearInterval(timer)
  }

  #tenants(): readonly Tenant[] {
    const tenants = this.#waiting().flatMap((session) => tenantOf(session) ?? [])
    return [...new Map(tenants.map((tenant) => [tenant.id, tenant])).values()]
  }

  #waiting(): Session[] {
    return this.#options.table.all().filter(({ stream }) => stream !== undefined)
  }

  #behind({ id }: Tenant, version: string): Session[] {
    return this.#waiting().filter((session) => tenantOf(session)?.id === id && session.isBehind(version))
  }

  /** No round before the last one is done. */
  async #look(): Promise<void> {
    if (this.#looking) return
    this.#looking = true
    try {
      await this.#lookAtAll(this.#waiting().filter(({ signIn }) => signIn !== undefined))
    } finally {
      this.#looking = false
    }
  }

  async #lookAtAll(waiting: Session[], version?: string): Promise<void> {
    // The sessions of a tenant whose database is slow to fail must not keep those of others from being told.
    const outOfReach = new Set<string>()
    const look = async (): Promise<void> => {
      for (let session = waiting.pop(); session !== undefined; session = waiting.pop()) {
        await this.#lookAt(session, { outOfReach, version })
      }
    }
    await Promise.all(Array.from({ length: looksAtOnce }, look))
  }

  async #lookAt(session: Session, { outOfReach, version }: Look): Promise<void> {
    const tenant = tenantOf(session)
    if (tenant === undefined || outOfReach.has(tenant.id)) return
    try {
      await this.#options.announce(session, version)
      this.#outages.delete(tenant.id)
    } catch (error) {
      outOfReach.add(tenant.id)
      if (this.#outages.has(tenant.id)) return
      // Once for each outage: it is tried again several times a second.
      this.#outages.add(tenant.id)
      const fields = { tenant: tenant.slug, error }
      this.#options.log.write('warn', 'whether tool lists have changed could not be told', fields)
    }
  }

  /** Sessions that were ended elsewhere end here, too. */
  async #touch(): Promise<void> {
    const { log, sessions, table } = this.#options
    const digests = table.all().flatMap(({ busy, record }) => (busy ? [record.digest] : []))
    if (this.#touching || sessions === undefined || digests.length === 0) return
    this.#touching = true
    try {
      const standing = await sessions.touch(digests)
      for (const digest of digests) if (!standing.has(digest)) await table.end(digest)
    } catch (error) {
      log.write('warn', 'open sessions could not be kept alive', { error })
    } finally {
      this.#touching = false
    }
  }
}

interface Look {
  readonly outOfReach: Set<string>
  readonly version: string | undefined
}

/** Whose grants decide what the client of a session sees. */
function tenantOf({ signIn, stream }: Session): Tenant | undefined {
  return signIn?.tenant ?? stream?.caller?.tenant
}
