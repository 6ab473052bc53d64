import type { SessionState, SessionStore } from '../../../core/identity/session-store.js'
import type { Tenant } from '../../../core/identity/tenant.js'
import type { GrantStore } from '../../../core/permission/grant-store.js'
import type { ChangeFeed } from '../../../core/runtime/change-feed.js'
import type { Log } from '../../../core/runtime/log.js'
import type { SessionNotice } from '../../../core/runtime/session-feed.js'
import { LookRound } from './look-round.js'
import { PolicyWatch } from './policy-watch.js'
import type { SessionTable } from './session-table.js'
import type { Session } from './session.js'

const watchMilliseconds = 2_000
const looksAtOnce = 12
/** Each look takes several statements: 25 sessions a second, however many there are, those first that have waited longest. */
const looksInRound = 50
/** In one statement. */
const touchedAtOnce = 2_000

export interface ChangeWatchOptions {
  readonly table: Pick<SessionTable, 'all' | 'end' | 'peek'>
  readonly sessions: Pick<SessionStore, 'touch'> | undefined
  readonly changes: Pick<ChangeFeed, 'subscribe'>
  readonly grants: Pick<GrantStore, 'policyVersion'>
  /** Tells the client of a session what has changed for it, if anything, under this policy version at least. */
  readonly announce: (session: Session, policyVersion: string | undefined) => Promise<void>
  /** Tells the client of a session that was signed in or out elsewhere, and is as its record says now. */
  readonly announceSignIn: (session: Session) => Promise<void>
  readonly log: Log
}

/**
 * Looks after sessions in which something is open or runs: one that was ended elsewhere ends here, and a client that listens is told
 * of what becomes of its list without any request: a sign-in that ends or comes by another process, and whatever changes what the
 * tenant grants. All of it at once where there is a notice, and else within seconds. Also keeps these sessions alive.
 */
export class ChangeWatch {
  readonly #options: ChangeWatchOptions
  readonly #timer: NodeJS.Timeout
  readonly #policies: PolicyWatch
  readonly #outages = new Set<string>()
  readonly #round = new LookRound<Session>(looksInRound, ({ record }) => record.digest)
  #looking = false
  #touching = false

  constructor(options: ChangeWatchOptions) {
    this.#options = options
    this.#policies = new PolicyWatch({
      ...options,
      tenants: () => this.#tenants(),
      onVersion: (tenant, version) => this.#lookAtAll(this.#behind(tenant, version), version),
    })
    this.#timer = setInterval(() => {
      void this.#look()
      void this.#touchAll()
    }, watchMilliseconds).unref()
  }

  close(): void {
    this.#policies.close()
    clearInterval(this.#timer)
  }

  /** What another process, or another part of this one, says of sessions. */
  hear(notice: SessionNotice): void {
    const { table } = this.#options
    if (notice.about === 'session') {
      const session = table.peek(notice.digest)
      if (session !== undefined) void this.#touch([session])
    } else if (notice.about === 'sign-in') {
      void this.#lookAtAll(this.#waiting().filter(({ signIn }) => signIn?.key === notice.key))
    } else if (notice.about === 'everything') {
      void this.#touch(table.all())
      void this.#look()
    }
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
      await this.#lookAtAll(this.#round.next(this.#waiting().filter(({ signIn }) => signIn !== undefined)))
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

  async #touchAll(): Promise<void> {
    if (this.#touching) return
    this.#touching = true
    try {
      await this.#touch(this.#options.table.all().filter(({ busy }) => busy))
    } finally {
      this.#touching = false
    }
  }

  async #touch(touched: readonly Session[]): Promise<void> {
    const { log, sessions } = this.#options
    try {
      for (let from = 0; sessions !== undefined && from < touched.length; from += touchedAtOnce) {
        const some = touched.slice(from, from + touchedAtOnce).map((session) => ({ session, was: session.record }))
        const standing = await sessions.touch(some.map(({ was }) => was.digest))
        await Promise.all(some.map((known) => this.#follow(known, standing.get(known.was.digest))))
      }
    } catch (error) {
      log.write('warn', 'open sessions could not be kept alive', { error })
    }
  }

  /** What a request has learned meanwhile is newer. */
  async #follow({ session, was }: Touched, state: SessionState | undefined): Promise<void> {
    if (state === undefined) return this.#options.table.end(was.digest)
    if (session.record !== was) return
    const { logLevel, signIn } = state
    if (was.signIn?.key === signIn?.key && was.logLevel === logLevel) return
    session.record = { ...was, logLevel, signIn }
    if (was.signIn?.key !== signIn?.key && session.stream !== undefined) await this.#options.announceSignIn(session)
  }
}

interface Look {
  readonly outOfReach: Set<string>
  readonly version: string | undefined
}

interface Touched {
  readonly session: Session
  /** Its record when the store was asked. */
  readonly was: Session['record']
}

/** Whose grants decide what the client of a session sees. */
function tenantOf({ signIn, stream }: Session): Tenant | undefined {
  return signIn?.tenant ?? stream?.caller?.tenant
}
