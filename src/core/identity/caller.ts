import { createHash } from 'node:crypto'
import type { Holding } from '../permission/holding.js'
import type { SignInReference } from '../sign-in/sign-in-store.js'
import type { Actor } from './actor.js'
import type { Tenant } from './tenant.js'
import type { UserContext } from './user-context.js'
import type { VerifiedToken } from './verified-token.js'

/** An authenticated user of an admitted tenant, for one request. */
export interface Caller {
  readonly user: UserContext
  readonly tenant: Tenant
  readonly issuer: string
  /** What the issuer calls the tenant. */
  readonly tenantClaim: string
  readonly clientId: string
  /** Who acts for the user, where the token says that it is somebody else. */
  readonly actor?: Actor | undefined
  /** Digest of the authorization grant behind the request; `undefined` where the issuer keeps its grants to itself. */
  readonly grantDigest: string | undefined
  /** Seconds since the epoch; nothing may be served to this caller afterwards. */
  readonly expiresAt: number
  readonly credential: Credential
  /** What decisions about this caller go by: what the token says and what the tenant's database says. */
  readonly holding: Holding
  /** Names the state of the tenant's database that `holding` was made from. */
  readonly policyVersion: string
  /** When the reading of all this began, by `performance.now()`. */
  readonly readAt: number
}

/** How the caller proved who they are: a bearer on this very request, or a sign-in with the five tools that its session is bound to. */
export type Credential =
  | ({ readonly kind: 'bearer' } & Pick<VerifiedToken, 'issuedAt' | 'proof' | 'sessionId'>)
  | { readonly kind: 'sign-in'; readonly signIn: SignInReference }

/** Who owns a session: issuer, tenant, subject and client, never the bytes of a token, so that a refresh keeps the session. */
export function principalOf(caller: Caller): string {
  return JSON.stringify([caller.issuer, caller.tenant.id, caller.user.subject, caller.clientId])
}

/** What a session keeps of its owner: enough to tell whether a caller is the same one, and nothing to read. */
export function principalDigest(caller: Caller): string {
  return createHash('sha256').update(principalOf(caller)).digest('base64url')
}
