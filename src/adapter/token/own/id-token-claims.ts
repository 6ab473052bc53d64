import { createHash, timingSafeEqual } from 'node:crypto'
import { AuthenticationError } from '../../../core/error/authentication-error.js'
import type { VerifiedIdToken } from '../../../core/identity/verified-token.js'
import { maxText, requiredText, requireIssuer, requireTime, unusable, type TimeRules } from '../jwt/common-claims.js'
import type { JsonObject, JsonValue } from '../../../core/runtime/strict-json.js'

/** What the claims of an ID token are held against. */
export interface IdTokenRules extends TimeRules {
  readonly issuer: string
  readonly clientId: string
  readonly nonce: string
}

// Logout tokens, and what only tokens for a resource say.
const foreignClaims = ['events', 'token_use', 'cnf', 'scope', 'client_id', 'gid']

/**
 * What an ID token of our own issuer says (OpenID Connect Core §2, §3.1.3.7), after all of it is checked but the signature.
 * Throws `AuthenticationError`.
 */
export function readIdTokenClaims(claims: JsonObject, rules: IdTokenRules): VerifiedIdToken {
  requireIssuer(claims, rules.issuer)
  refuseOtherKinds(claims)
  requireClient(claims, rules.clientId)
  const expiresAt = requireTime(claims, rules)
  requireNonce(claims['nonce'], rules.nonce)
  return {
    issuer: rules.issuer,
    subject: requiredText(claims, 'sub', maxText),
    clientId: rules.clientId,
    tenantClaim: requiredText(claims, 'tenant_id', maxText),
    expiresAt,
  }
}

function refuseOtherKinds(claims: JsonObject): void {
  if (foreignClaims.some((claim) => claims[claim] !== undefined)) {
    throw new AuthenticationError('ERR_TOKEN_TYPE', 'the token is not an ID token')
  }
}

/** Our issuer names one client, as a text: a list is not of its making, whoever stands in it. */
function requireClient({ aud, azp }: JsonObject, clientId: string): void {
  if (typeof aud !== 'string' || aud === '' || aud !== clientId || (azp !== undefined && azp !== clientId)) {
    throw new AuthenticationError('ERR_TOKEN_AUDIENCE', 'the token was issued to another client')
  }
}

function requireNonce(given: JsonValue | undefined, expected: string): void {
  if (typeof given !== 'string' || given === '' || !timingSafeEqual(digestOf(given), digestOf(expected))) {
    throw unusable('the token belongs to another sign-in')
  }
}

/** Of one length, whatever was sent. */
function digestOf(text: string): Buffer {
  return createHash('sha256').update(text).digest()
}
