import type { RequestOrigin } from '../audit/request-origin.js'
import type { Tenant } from '../identity/tenant.js'
import type { AssertedGrants } from '../permission/grants.js'
import type { UpstreamGrant } from './upstream-grant.js'

/** Who signed in, where, and how far: what the account holds is read on each request, capped by what is asserted here. */
export interface SignInIdentity {
  readonly issuer: string
  readonly subject: string
  readonly tenant: Tenant
  /** The OAuth client of the sign-in. */
  readonly clientId: string
  /** What the provider vouched for; a category that is absent is the account's alone. */
  readonly asserted: AssertedGrants
  /** Digest of the authorization grant; `undefined` where there is none. */
  readonly grantDigest: string | undefined
  /** Seconds since the epoch at which the sign-in must end at the latest, where its token sets an end. */
  readonly endsAt: number | undefined
}

/** Somebody who is about to be signed in. */
export interface NewIdentity extends SignInIdentity {
  /** What the provider can be asked again with, where it gave anything for that. */
  readonly upstream?: UpstreamGrant | undefined
}

/** What a session keeps of its sign-in: where it is, not what it is. */
export interface SignInReference {
  readonly tenant: Tenant
  /** Keyed digest of the sign-in's own id, which is new at each sign-in. */
  readonly key: string
}

/** A sign-in that stands. */
export interface SignIn extends SignInIdentity {
  readonly key: string
  /** The application (client id of the server) that it was made for. */
  readonly application: string
  /** Seconds since the epoch, by the database's clock. */
  readonly startedAt: number
  /** When it ends at the latest, in seconds since the epoch. */
  readonly expiresAt: number
  /** Whether the provider is to be asked again, by now. */
  readonly refreshDue: boolean
}

export interface NewSignIn {
  readonly key: string
  readonly application: string
  /** What the client of the session calls itself. */
  readonly clientName?: string | undefined
  readonly identity: NewIdentity
  /** For the record: joins the rows of this sign-in. */
  readonly requestId: string
  /** Where the request that signs in comes from, where that is a place. */
  readonly origin?: RequestOrigin | undefined
}

/** Why a sign-in ended, as on record. */
export type SignInEnd =
  | 'logged_out'
  | 'replaced'
  | 'evicted'
  | 'terminated'
  | 'mismatch'
  | 'refused'
  | 'expired'
  | 'revoked_upstream'
  | 'changed_upstream'

/**
 * The sign-ins of each tenant, in its database, under idle (30 min) and absolute (12 h) expiry by that database's clock.
 * Each method throws `UpstreamError` when it does not answer.
 */
export interface SignInStore {
  /**
   * Keeps a new sign-in with its `signin.completed` row, both or neither; of the account's sign-ins beyond the cap (20) the
   * oldest end, on record.
   */
  open(signIn: NewSignIn): Promise<void>
  /** The sign-in if it stands. `used` counts as activity. */
  find(reference: SignInReference, used: 'used' | 'unused'): Promise<SignIn | undefined>
  /**
   * Ends it, with its `session.ended` row in one transaction if that can be written, and else with the row to follow; where the
   * database does not answer, as soon as it does. `false` where it did not stand any more.
   */
  end(reference: SignInReference, how: SignInEnd, origin?: RequestOrigin): Promise<boolean>
}
