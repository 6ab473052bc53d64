import { AuthenticationError } from '../../../core/error/authentication-error.js'
import type { IssuerLogout } from '../../../core/identity/logout-registry.js'
import type { TrustedIssuer } from '../../../core/trust/trusted-issuer.js'
import { maxText, requiredText, requireTime } from '../jwt/common-claims.js'
import { isJsonObject, type JsonObject } from '../../../core/runtime/strict-json.js'
import { requireTokenIssuer } from './issuer-claim.js'

/** The claims of a logout token, and what they are held against. */
export interface LogoutQuestion {
  readonly claims: JsonObject
  readonly trusted: TrustedIssuer
  /** Seconds since the epoch. */
  readonly now: number
}

const event = 'http://schemas.openid.net/event/backchannel-logout'
/** A token that does not say how long it is good for is good for this long. In seconds. */
const usualLifetime = 600

/**
 * What a logout token says (OpenID Connect Back-Channel Logout §2.4, §2.6), after all of it is checked but the signature. Throws
 * `AuthenticationError`.
 */
export function readLogoutClaims({ claims, now, trusted }: LogoutQuestion): IssuerLogout {
  const issuer = requireTokenIssuer(claims, trusted)
  requireLogout(claims)
  requireClient(claims, trusted)
  const { exp, iat } = claims
  const times = exp === undefined && typeof iat === 'number' ? withExpiry(claims, iat + usualLifetime) : claims
  const { maxLifetimeSeconds: maxLifetime, skewSeconds: skew } = trusted.token
  requireTime(times, { now, skew, maxLifetime })
  const subject = claims['sub'] === undefined ? undefined : requiredText(claims, 'sub', maxText)
  const sessionId = claims['sid'] === undefined ? undefined : requiredText(claims, 'sid', maxText)
  if (subject === undefined && sessionId === undefined) {
    throw new AuthenticationError('ERR_TOKEN_CLAIMS', 'the logout token names neither a subject nor a session')
  }
  return { issuer, subject, sessionId, issuedAt: Number(iat), tokenId: requiredText(claims, 'jti', maxText) }
}

/** An ID token says a `nonce` and no event; whoever has one of those ends nobody's session. */
function requireLogout({ events, nonce }: JsonObject): void {
  if (isJsonObject(events) && isJsonObject(events[event]) && nonce === undefined) return
  throw new AuthenticationError('ERR_TOKEN_TYPE', 'the token is not a logout token')
}

function requireClient({ aud }: JsonObject, { logoutClientId }: TrustedIssuer): void {
  const audiences = Array.isArray(aud) ? aud : [aud]
  if (logoutClientId !== undefined && logoutClientId !== '' && audiences.includes(logoutClientId)) return
  throw new AuthenticationError('ERR_TOKEN_AUDIENCE', 'the logout token is for another client')
}

function withExpiry(claims: JsonObject, exp: number): JsonObject {
  return Object.assign(Object.create(null), claims, { exp })
}
