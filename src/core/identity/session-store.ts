import type { CallLogLevel } from '../operation/call-channel.js'
import type { SignInReference } from '../sign-in/sign-in-store.js'
import type { Caller } from './caller.js'
import type { Tenant } from './tenant.js'

/** What a client said of itself at `initialize` (Model Context Protocol, `basic/lifecycle`). */
export interface ClientDescription {
  readonly name: string
  readonly version: string
}

/** What may change in a session while it stands. */
export interface SessionState {
  readonly signIn: SignInReference | undefined
  /** What the client asked for with `logging/setLevel`. */
  readonly logLevel: CallLogLevel | undefined
}

/** Who opened a session with a bearer. */
export interface SessionOpener {
  readonly tenant: Tenant
  readonly issuer: string
  readonly subject: string
}

/** What is kept of the caller who opens a session; of nobody there is nothing. */
export function openerOf(caller: Caller | undefined): SessionOpener | undefined {
  return caller && { tenant: caller.tenant, issuer: caller.issuer, subject: caller.user.subject }
}

/** One transport session, as it outlives processes. Everything in it was fixed at `initialize`, but for its state. */
export interface TransportSession extends SessionState {
  /** SHA-256 of the id; nobody can use it as an id. */
  readonly digest: string
  /** The application (client id of the server). */
  readonly application: string
  /** Path of the endpoint. */
  readonly endpoint: string
  /** Who opened it with a bearer (`principalDigest`); `undefined` for one that is signed in with the five tools. */
  readonly principal: string | undefined
  readonly client: ClientDescription
  /** The client's `capabilities`, as it sent them. */
  readonly capabilities: Readonly<Record<string, unknown>>
  /** The negotiated version, such as `2025-11-25`. */
  readonly protocolVersion: string
}

/**
 * Transport sessions in the master database, under idle (30 min) and absolute (12 h) expiry by its clock. Other processes are told
 * of what changes. Each method throws `UpstreamError` when it does not answer.
 */
export interface SessionStore {
  /** Keeps it; of the principal's sessions beyond the cap (20) the least recently used end. Answers with the digests of those. */
  open(session: TransportSession, opener?: SessionOpener): Promise<readonly string[]>
  /** The session if it stands; counts as activity. */
  find(digest: string): Promise<TransportSession | undefined>
  /** Counts as activity of sessions in which something is open or runs; answers with those that stand, and how. */
  touch(digests: readonly string[]): Promise<ReadonlyMap<string, SessionState>>
  /** Binds the session to a sign-in, or to none; `false` where the session is gone. */
  bind(digest: string, signIn: SignInReference | undefined): Promise<boolean>
  /** Keeps what the client wants to hear of; nothing happens where the session is gone. */
  setLogLevel(digest: string, level: CallLogLevel): Promise<void>
  end(digest: string): Promise<void>
}
