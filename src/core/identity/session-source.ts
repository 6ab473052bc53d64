import type { SessionOwner } from './session-owner.js'
import type { Tenant } from './tenant.js'

/**
 * What lets somebody in: a sign-in with the five tools, a transport session, what a user has allowed a client at the authorization
 * server, with its refresh tokens, or the browser's own sign-in there.
 */
export type SessionKind = 'sign-in' | 'transport' | 'grant' | 'browser'

/** One session of any kind, as it is known to whoever keeps it. */
export interface KnownSession {
  readonly kind: SessionKind
  /** The digest that it is kept under: nobody gets in with it. */
  readonly key: string
  readonly tenantId: string | undefined
  /** `ownerDigest` of whose it is; `undefined` for nobody, and where that is not known. */
  readonly owner: string | undefined
  /** The sign-in that a transport session goes by, by its key: then it is whose that is. */
  readonly signIn?: string | undefined
  /** As its issuer names the owner, where that is on record. */
  readonly subject: string | undefined
  /** The application (client id of the server) that it leads to; `undefined` where it was made before that was kept. */
  readonly application: string | undefined
  /** What the client calls itself. */
  readonly client: string | undefined
  /** The id of the client at the authorization server. */
  readonly clientId?: string | undefined
  /** What the client knows the sign-in of the browser by (`sid`), where it wanted to know. */
  readonly sessionId?: string | undefined
  /** Seconds since the epoch, like the two below. */
  readonly startedAt: number | undefined
  readonly usedAt: number | undefined
  readonly expiresAt: number | undefined
}

/** Which sessions are meant. Each member narrows; with every one `undefined` all of them are. */
export interface SessionScope {
  readonly tenant: Tenant | undefined
  /** The names of one user. */
  readonly owners: readonly SessionOwner[] | undefined
  /** The application (client id of the server). */
  readonly application: string | undefined
  /** One that is not meant. */
  readonly spared?: Pick<KnownSession, 'key' | 'kind'> | undefined
}

/** Where somebody has signed in, if not here. */
export interface SignInOrigin {
  /** UUID of the identity provider. */
  readonly provider: string
  /** Who they are there. */
  readonly subject: string
}

/** The sign-ins in the tenants' databases. Each method throws `UpstreamError` where the one that it asks does not answer. */
export interface SignInSource {
  /** Every tenant that has a database, suspended or not, by slug. */
  tenants(): Promise<readonly Tenant[]>
  /** The names of an account: its own, and those at other issuers. */
  ownersOf(tenant: Tenant, accountId: string): Promise<readonly SessionOwner[]>
  list(tenant: Tenant, scope: SessionScope): Promise<readonly KnownSession[]>
  /** Ends them, each with its row on record, or none. */
  end(tenant: Tenant, scope: SessionScope): Promise<readonly KnownSession[]>
  /** The one of this key. */
  endOne(tenant: Tenant, key: string): Promise<readonly KnownSession[]>
  /** Those that rest on one of these grants, by their keys. */
  endGranted(tenant: Tenant, grants: readonly string[]): Promise<readonly KnownSession[]>
}

/** The transport sessions. Each method throws `UpstreamError`. */
export interface TransportSource {
  /** Where a user is meant, sessions that are bound to one of these sign-ins are theirs, too. */
  list(scope: SessionScope, signIns: readonly string[]): Promise<readonly KnownSession[]>
  end(scope: SessionScope): Promise<readonly KnownSession[]>
  endOne(key: string): Promise<readonly KnownSession[]>
  /** Those that are bound to one of these sign-ins. */
  endBound(signIns: readonly string[]): Promise<readonly KnownSession[]>
}

/** Lets clients hear of what has ended (OpenID Connect Back-Channel Logout). */
export interface ClientNotifier {
  /** Tells those that have registered for it, until `signal` gives it up. Never throws: what does not arrive is in the log. */
  tell(ended: readonly KnownSession[], signal?: AbortSignal): Promise<void>
}

/**
 * Grants and browsers' sign-ins at the authorization server. Each method throws `UpstreamError`, with nothing ended. What a request that
 * was under way has moved meanwhile may be left by `end` and `endMadeWith`: all of it has ended once they answer with nothing.
 */
export interface GrantSource {
  list(scope: SessionScope): Promise<readonly KnownSession[]>
  /** Ends them and whatever was issued on them: codes, refresh tokens and sign-ins on their way included. */
  end(scope: SessionScope): Promise<readonly KnownSession[]>
  endOne(kind: 'grant' | 'browser', key: string): Promise<readonly KnownSession[]>
  /** Those of this scope that were made that way, and those of which that cannot be told. */
  endMadeWith(scope: SessionScope, origin: SignInOrigin): Promise<readonly KnownSession[]>
}
