import { AuthenticationError } from '../../../core/error/authentication-error.js'
import type { JsonObject, JsonValue } from '../../../core/runtime/strict-json.js'

/** Length in bytes of any identifier that a token carries. */
export const maxText = 255

/** When a token is looked at, and what its times are held against. In seconds. */
export interface TimeRules {
  readonly now: number
  readonly skew: number
  readonly maxLifetime: number
}

/** Compared byte by byte. Throws `AuthenticationError`. */
export function requireIssuer(claims: JsonObject, issuer: string): void {
  if (claims['iss'] !== issuer) throw new AuthenticationError('ERR_TOKEN_ISSUER', 'the token has another issuer')
}

/**
 * The moment at which the token is no longer honoured, when it is valid now. Each condition says what must hold, so that a
 * strange number holds nowhere. Throws `AuthenticationError`.
 */
export function requireTime(claims: JsonObject, rules: TimeRules): number {
  const { exp, iat, nbf = iat } = claims
  if (!isTime(exp) || !isTime(iat) || !isTime(nbf)) throw unusable('the times of the token are not whole seconds')
  if (!(exp > iat && exp - iat <= rules.maxLifetime)) throw unusable('the token lives longer than is accepted')
  const latest = rules.now + rules.skew
  if (!(iat <= latest && nbf <= latest)) throw unusable('the token is not valid yet')
  const end = exp + rules.skew
  if (!(rules.now < end)) throw new AuthenticationError('ERR_TOKEN_EXPIRED', 'the token has expired')
  return end
}

/** A claim that must be there, be text and fit. Throws `AuthenticationError`. */
export function requiredText(claims: JsonObject, claim: string, maxBytes: number): string {
  const value = claims[claim]
  if (typeof value !== 'string' || value === '' || Buffer.byteLength(value) > maxBytes) {
    throw unusable(`the token has no usable ${claim}`)
  }
  return value
}

/** The refusal of claims that are missing or malformed; `message` names a claim, never its value. */
export function unusable(message: string): AuthenticationError {
  return new AuthenticationError('ERR_TOKEN_CLAIMS', message)
}

function isTime(value: JsonValue | undefined): value is number {
  return Number.isSafeInteger(value) && Number(value) >= 0
}
