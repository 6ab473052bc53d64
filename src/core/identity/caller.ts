import type { Tenant } from './tenant.js'
import type { UserContext } from './user-context.js'

/** An authenticated user of an admitted tenant, for one request. */
export interface Caller {
  readonly user: UserContext
  readonly tenant: Tenant
  readonly issuer: string
  /** What the issuer calls the tenant. */
  readonly tenantClaim: string
  readonly clientId: string
  /** Digest of the authorization grant behind the request. */
  readonly grantDigest: string
  /** Seconds since the epoch; nothing may be served to this caller afterwards. */
  readonly expiresAt: number
}

/** Who owns a session: issuer, tenant, subject and client, never the bytes of a token, so that a refresh keeps the session. */
export function principalOf(caller: Caller): string {
  return JSON.stringify([caller.issuer, caller.tenant.id, caller.user.subject, caller.clientId])
}
