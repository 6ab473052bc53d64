import type { SignInReference } from '../sign-in/sign-in-store.js'

/** What a client said of itself at `initialize` (Model Context Protocol, `basic/lifecycle`). */
export interface ClientDescription {
  readonly name: string
  readonly version: string
}

/** One transport session, as it outlives processes. Everything in it was fixed at `initialize`, but for the sign-in. */
export interface TransportSession {
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
  readonly signIn: SignInReference | undefined
}

/**
 * Transport sessions in the master database, under idle (30 min) and absolute (12 h) expiry by its clock. Each method throws
 * `UpstreamError` when it does not answer.
 */
export interface SessionStore {
  /** Keeps it; of the principal's sessions beyond the cap (20) the least recently used end. Answers with the digests of those. */
  open(session: TransportSession): Promise<readonly string[]>
  /** The session if it stands; counts as activity. */
  find(digest: string): Promise<TransportSession | undefined>
  /** Counts as activity of sessions that hold a stream open; answers with those that stand. */
  touch(digests: readonly string[]): Promise<ReadonlySet<string>>
  /** Binds the session to a sign-in, or to none; `false` where the session is gone. */
  bind(digest: string, signIn: SignInReference | undefined): Promise<boolean>
  end(digest: string): Promise<void>
}
