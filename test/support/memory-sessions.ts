import { UpstreamError } from '../../src/core/error/upstream-error.js'
import type { SessionState, SessionStore, TransportSession } from '../../src/core/identity/session-store.js'
import type { CallLogLevel } from '../../src/core/operation/call-channel.js'
import type { SessionFeed } from '../../src/core/runtime/session-feed.js'
import type { Clock } from '../../src/core/runtime/clock.js'
import type { SignInReference } from '../../src/core/sign-in/sign-in-store.js'

interface Row {
  session: TransportSession
  usedAt: number
  readonly endsAt: number
}

const idleMilliseconds = 30 * 60_000
const absoluteMilliseconds = 12 * 3_600_000
const mostPerPrincipal = 20

/**
 * Transport sessions with idle and absolute expiry by `clock`, and the cap per principal; several servers may share one. Every
 * answer takes a turn, so that callers race.
 */
export class MemorySessionStore implements SessionStore {
  readonly #clock: Clock
  readonly #feed: Pick<SessionFeed, 'publish'> | undefined
  readonly #refused = new Set<keyof SessionStore>()
  /** How often sessions were kept alive without a request. */
  touched = 0
  /** The least recently used first. */
  #rows: readonly Row[] = []

  constructor(clock: Clock, feed?: Pick<SessionFeed, 'publish'>) {
    this.#clock = clock
    this.#feed = feed
  }

  /** Those that stand, the least recently used first. */
  get standing(): readonly TransportSession[] {
    return this.#live().map(({ session }) => session)
  }

  /** These methods fail from now on, as for a database that is out of reach. */
  refuse(...methods: readonly (keyof SessionStore)[]): void {
    for (const method of methods) this.#refused.add(method)
  }

  /** Everything answers again. */
  recover(): void {
    this.#refused.clear()
  }

  /** Loses everything. */
  clear(): void {
    this.#rows = []
  }

  async open(session: TransportSession): Promise<readonly string[]> {
    await this.#reach('open')
    const { principal } = session
    const owned = this.#live().filter((row) => principal !== undefined && row.session.principal === principal)
    const evicted = owned.slice(0, Math.max(0, owned.length - mostPerPrincipal + 1))
    const now = this.#clock.now()
    const row = { session: structuredClone(session), usedAt: now, endsAt: now + absoluteMilliseconds }
    this.#rows = [...this.#live().filter((kept) => !evicted.includes(kept)), row]
    return evicted.map((gone) => gone.session.digest)
  }

  async find(digest: string): Promise<TransportSession | undefined> {
    await this.#reach('find')
    return structuredClone(this.#use(digest)?.session)
  }

  async touch(digests: readonly string[]): Promise<ReadonlyMap<string, SessionState>> {
    await this.#reach('touch')
    this.touched += 1
    const used = digests.flatMap((digest) => this.#use(digest)?.session ?? [])
    return new Map(used.map(({ digest, logLevel, signIn }) => [digest, { logLevel, signIn: structuredClone(signIn) }]))
  }

  async bind(digest: string, signIn: SignInReference | undefined): Promise<boolean> {
    await this.#reach('bind')
    const row = this.#row(digest)
    if (row === undefined) return false
    row.session = { ...row.session, signIn }
    await this.#feed?.publish({ about: 'session', digest })
    return true
  }

  async setLogLevel(digest: string, logLevel: CallLogLevel): Promise<void> {
    await this.#reach('setLogLevel')
    const row = this.#row(digest)
    if (row === undefined) return
    row.session = { ...row.session, logLevel }
    await this.#feed?.publish({ about: 'session', digest })
  }

  async end(digest: string): Promise<void> {
    await this.#reach('end')
    this.#rows = this.#rows.filter(({ session }) => session.digest !== digest)
    await this.#feed?.publish({ about: 'session', digest })
  }

  async #reach(method: keyof SessionStore): Promise<void> {
    await new Promise(setImmediate)
    if (this.#refused.has(method)) throw new UpstreamError('AUTH_UNAVAILABLE', `${method}: no answer`)
  }

  #use(digest: string): Row | undefined {
    const row = this.#row(digest)
    if (row === undefined) return undefined
    row.usedAt = this.#clock.now()
    this.#rows = [...this.#rows.filter((other) => other !== row), row]
    return row
  }

  #row(digest: string): Row | undefined {
    return this.#live().find(({ session }) => session.digest === digest)
  }

  #live(): readonly Row[] {
    const now = this.#clock.now()
    return this.#rows.filter(({ usedAt, endsAt }) => endsAt > now && usedAt + idleMilliseconds > now)
  }
}
