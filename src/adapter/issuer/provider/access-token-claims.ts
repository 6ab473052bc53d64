import { grantNameProblem } from '../../../core/permission/requirement/grant-name.js'
import type { Principal } from '../sign-in/account-directory.js'

/** The scope that every authenticated user of an admitted tenant has: it lets a client connect and nothing more. */
export const baseScope = 'mcp'

export interface AccessTokenFacts {
  readonly issuer: string
  readonly principal: Principal
  readonly clientId: string
  readonly audience: string
  /** What the user agreed to. */
  readonly consented: readonly string[]
  readonly methods: readonly string[]
  /** Digest of the grant, looked up on every request. */
  readonly grantDigest: string
  readonly tokenId: string
  /** Seconds since the epoch. */
  readonly issuedAt: number
  readonly expiresAt: number
}

/** Every claim of an access token (RFC 9068 §2.2 and ours), and no other. */
export interface AccessTokenClaims {
  readonly iss: string
  readonly sub: string
  readonly aud: string
  readonly exp: number
  readonly iat: number
  readonly jti: string
  readonly client_id: string
  readonly scope: string
  readonly tenant_id: string
  readonly email: string
  readonly roles: readonly string[]
  readonly groups: readonly string[]
  readonly resources: readonly string[]
  readonly amr: readonly string[]
  readonly gid: string
}

/** The claims for these facts; grants come from the account as its database has it now. */
export function accessTokenClaims(facts: AccessTokenFacts): AccessTokenClaims {
  const { account, tenant } = facts.principal
  return {
    iss: facts.issuer,
    sub: account.id,
    aud: facts.audience,
    exp: facts.expiresAt,
    iat: facts.issuedAt,
    jti: facts.tokenId,
    client_id: facts.clientId,
    scope: grantedScopes(facts.consented, account.grants.scopes).join(' '),
    tenant_id: tenant.slug,
    email: account.email,
    roles: account.grants.roles,
    groups: account.grants.groups,
    resources: account.grants.resources,
    amr: facts.methods,
    gid: facts.grantDigest,
  }
}

/**
 * What was consented and is held, and the base scope where it was consented. A name that the claim cannot hold is left out:
 * with it no token of the account would be one (RFC 6749 §3.3).
 */
export function grantedScopes(consented: readonly string[], held: readonly string[]): readonly string[] {
  return [...new Set(consented)].filter(
    (scope) => (scope === baseScope || held.includes(scope)) && grantNameProblem('scopes', scope) === undefined,
  )
}
