import { ResponseBodyError } from 'openid-client'
import type { UpstreamGrant } from '../../core/sign-in/upstream-grant.js'
import { refusal } from './provider-failure.js'

const usualSeconds = 60 * 60
// RFC 6749 §A.17, and no more than a row should hold.
const refreshToken = /^[\x20-\x7e]{1,16384}$/

/**
 * What there is to ask again with, once an answer has come that is good for so many seconds from `now` (since the epoch). Throws
 * `AuthenticationError` for a token that cannot be kept.
 */
export function upstreamGrant(token: string, seconds: number | undefined, now: number): UpstreamGrant {
  if (!refreshToken.test(token)) throw refusal('the refresh token cannot be kept')
  return { refreshToken: token, expiresAt: now + (seconds ?? usualSeconds) }
}

// RFC 6749 §5.2, and what GitHub says in its place.
const ended: ReadonlySet<string> = new Set(['invalid_grant', 'bad_refresh_token'])

/** Whether the provider says that there is nothing to refresh any more: ended there, expired, or used twice. */
export function isRevoked(error: unknown): boolean {
  return error instanceof ResponseBodyError && ended.has(error.error)
}

/** Whether the ID token was for another client or from another issuer, as the library says it. */
export function isOfAnother(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'OAUTH_JWT_CLAIM_COMPARISON_FAILED'
}
