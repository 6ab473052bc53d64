import { AuthenticationError } from '../../core/error/authentication-error.js'
import type { VerifiedToken } from '../../core/identity/verified-token.js'
import { maxText, requiredText, requireIssuer, requireTime, unusable, type TimeRules } from './common-claims.js'
import type { JsonObject, JsonValue } from './strict-json.js'

/** What the claims of an access token are held against. */
export interface ClaimRules extends TimeRules {
  readonly issuer: string
  readonly resource: string
}

const maxClientId = 2048
const maxScopes = 500
// RFC 6749 §3.3: tokens of printable ASCII without `"` and `\`, joined by single spaces.
const scopePattern = /^[\x21\x23-\x5b\x5d-\x7e]+(?: [\x21\x23-\x5b\x5d-\x7e]+)*$/
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
      roles: names(claims, 'roles'),
      groups: names(claims, 'groups'),
      scopes: scopes(claims['scope']),
      resources: names(claims, 'resources'),
    },
    grantDigest: requiredText(claims, 'gid', maxText),
    expiresAt,
    issuedAt: Number(claims['iat']),
    methods: names(claims, 'amr'),
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

function names(claims: JsonObject, claim: string): readonly string[] {
  const value = claims[claim]
  if (value === undefined) return []
  if (!Array.isArray(value) || !value.every(isName)) throw unusable(`the token has no usable ${claim}`)
  return [...new Set(value)]
}

function isName(value: JsonValue): value is string {
  return typeof value === 'string' && value !== ''
}

function scopes(value: JsonValue | undefined): readonly string[] {
  // An empty text is what remains of scopes that were all taken away: a sound token that can do little.
  if (value === undefined || value === '') return []
  if (typeof value !== 'string' || !scopePattern.test(value)) throw unusable('the token has no usable scope')
  const listed = value.split(' ')
  if (listed.length > maxScopes) throw unusable('the token has no usable scope')
  return [...new Set(listed)]
}
