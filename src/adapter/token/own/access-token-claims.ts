import { AuthenticationError } from '../../../core/error/authentication-error.js'
import type { VerifiedToken } from '../../../core/identity/verified-token.js'
import { maxText, requiredText, requireIssuer, requireTime, unusable, type TimeRules } from '../jwt/common-claims.js'
import { readNames, readScopes } from '../jwt/grant-claims.js'
import type { JsonObject, JsonValue } from '../../../core/runtime/strict-json.js'

/** What the claims of an access token are held against. */
export interface ClaimRules extends TimeRules {
  readonly issuer: string
  readonly resource: string
}

const maxClientId = 2048
// RFC 6749 §3.3: tokens of printable ASCII without `"` and `\`, joined by single spaces.
// ID tokens, logout tokens, and tokens bound to a key that a bearer request does not prove (RFC 7800).
const foreignClaims = ['nonce', 'at_hash', 'c_hash', 's_hash', 'events', 'token_use', 'cnf']

/**
 * What an access token of our own issuer says (RFC 9068 §2.2), after all of it is checked but the signature. Throws
 * `AuthenticationError`. `permissions` are not declared: the tenant's database alone says them.
 */
export function readAccessTokenClaims(claims: JsonObject, rules: ClaimRules): VerifiedToken {
  requireIssuer(claims, rules.issuer)
  refuseOtherKinds(claims)
  requireAudience(claims['aud'], rules.resource)
  const expiresAt = requireTime(claims, rules)
  requiredText(claims, 'jti', maxText)
  return {
    issuer: rules.issuer,
    subject: requiredText(claims, 'sub', maxText),
    clientId: requiredText(claims, 'client_id', maxClientId),
    resource: rules.resource,
    tenantClaim: requiredText(claims, 'tenant_id', maxText),
    email: optionalText(claims, 'email'),
    name: optionalText(claims, 'name'),
    asserted: {
      roles: readNames(claims['roles'], 'roles'),
      groups: readNames(claims['groups'], 'groups'),
      scopes: readScopes(claims['scope'], 'scope'),
      resources: readNames(claims['resources'], 'resources'),
    },
    grantDigest: requiredText(claims, 'gid', maxText),
    expiresAt,
    issuedAt: Number(claims['iat']),
    methods: readNames(claims['amr'], 'amr'),
  }
}

function refuseOtherKinds(claims: JsonObject): void {
  if (foreignClaims.some((claim) => claims[claim] !== undefined)) {
    throw new AuthenticationError('ERR_TOKEN_TYPE', 'the token is not a bearer access token')
  }
}

/** Our issuer mints for one resource at a time, so a second audience is a refusal, wherever it stands in the list. */
function requireAudience(aud: JsonValue | undefined, resource: string): void {
  const audience = Array.isArray(aud) && aud.length === 1 ? aud[0] : aud
  if (typeof audience !== 'string' || audience === '' || audience !== resource) {
    throw new AuthenticationError('ERR_TOKEN_AUDIENCE', 'the token is not for this resource')
  }
}

function optionalText(claims: JsonObject, claim: string): string | undefined {
  const value = claims[claim]
  if (value !== undefined && typeof value !== 'string') throw unusable(`the token has no usable ${claim}`)
  return value
}
