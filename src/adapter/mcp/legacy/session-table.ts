import { createHash } from 'node:crypto'
import { SUPPORTED_PROTOCOL_VERSIONS } from '@modelcontextprotocol/sdk/types.js'
import type { AuthenticationErrorCode } from '../../../core/error/authentication-error.js'
import { principalOf, type Caller } from '../../../core/identity/caller.js'
import type { Clock } from '../../../core/runtime/clock.js'
import type { Session } from './session.js'

const idleMilliseconds = 30 * 60_000
const absoluteMilliseconds = 12 * 3_600_000
const sweepMilliseconds = 60_000
const mostPerPrincipal = 20

/** What a session is kept under: nobody can use it as an id. */
export function digestOf(id: string): string {
  return createHash('sha256').update(id).digest('base64url')
}

export interface SessionClaim {
  readonly id: string
  readonly caller: Caller
  /** Path of the endpoint. */
  readonly endpoint: string
  /** The `MCP-Protocol-Version` header. */
  readonly version: string | undefined
}

export type FoundSession =
  | { readonly found: true; readonly session: Session }
  | { readonly found: false; readonly reason: AuthenticationErrorCode & `ERR_SESSION_${string}` }

/** The sessions of this process, by the digest of their ids; idle, old and supernumerary ones end. */
export class SessionTable {
  readonly #clock: Clock
  readonly #sessions = new Map<string, Session>()
  /** Digests by principal, the least recently used first. */
  readonly #owned = new Map<string, Set<string>>()
  readonly #timer: NodeJS.Timeout

  constructor(clock: Clock) {
    this.#clock = clock
    this.#timer = setInterval(() => void this.#sweep(), sweepMilliseconds).unref()
  }

  get size(): number {
    return this.#sessions.size
  }

  /** Keeps the session; the principal's least recently used one ends where there are too many. */
  async add(digest: string, session: Session): Promise<void> {
    const owned = this.#owned.get(session.principal) ?? new Set()
    this.#owned.set(session.principal, owned)
    this.#sessions.set(digest, session)
    owned.add(digest)
    const [oldest] = owned
    if (owned.size > mostPerPrincipal && oldest !== undefined) await this.end(oldest)
  }

  /** The session if it stands and belongs to this caller at this endpoint. The caller must not be told which reason it is. */
  find({ id, caller, endpoint, version }: SessionClaim): FoundSession {
    const digest = digestOf(id)
    const session = this.#sessions.get(digest)
    if (session === undefined) return { found: false, reason: 'ERR_SESSION_UNKNOWN' }
    if (session.principal !== principalOf(caller) || session.endpoint !== endpoint || isOther(version, session)) {
      return { found: false, reason: 'ERR_SESSION_MISMATCH' }
    }
    const now = this.#clock.now()
    if (this.#hasExpired(session, now)) return { found: false, reason: 'ERR_SESSION_EXPIRED' }
    session.usedAt = now
    const owned = this.#owned.get(session.principal)
    if (owned !== undefined && owned.size > 1) {
      owned.delete(digest)
      owned.add(digest)
    }
    return { found: true, session }
  }

  async end(digest: string): Promise<void> {
    const session = this.#sessions.get(digest)
    if (session === undefined) return
    this.#sessions.delete(digest)
    const owned = this.#owned.get(session.principal)
    owned?.delete(digest)
    if (owned?.size === 0) this.#owned.delete(session.principal)
    await session.close()
  }

  async close(): Promise<void> {
    clearInterval(this.#timer)
    await Promise.all([...this.#sessions.keys()].map((digest) => this.end(digest)))
  }

  async #sweep(): Promise<void> {
    const now = this.#clock.now()
    const expired = [...this.#sessions].filter(([, session]) => this.#hasExpired(session, now))
    await Promise.all(expired.map(([digest]) => this.end(digest)))
  }

  #hasExpired(session: Session, now: number): boolean {
    if (now - session.createdAt >= absoluteMilliseconds) return true
    return !session.busy && now - session.usedAt >= idleMilliseconds
  }
}

/** A version that does not exist is left to the SDK, which answers 400 as the specification demands. */
function isOther(version: string | undefined, session: Session): boolean {
  return version !== undefined && version !== session.version && SUPPORTED_PROTOCOL_VERSIONS.includes(version)
}
