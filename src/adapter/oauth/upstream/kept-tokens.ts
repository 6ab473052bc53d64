import type { UpstreamTokens } from '../../../core/federation/upstream-provider.js'
import { refusal } from '../provider-failure.js'
import type { TokenAnswer } from './upstream-protocol.js'

// RFC 6749 §A.12 and §A.17, and no more than a row should hold.
const tokenPattern = /^[\x20-\x7e]{1,16384}$/
const scopePattern = /^[\x21\x23-\x5b\x5d-\x7e]{1,255}$/
const mostScopes = 100
const mostSeconds = 10 * 365 * 24 * 60 * 60

/** What an answer is compared with where it is silent. */
export interface Before {
  /** RFC 6749 §5.1: nothing is said of scopes that were granted as they were asked for. */
  readonly scopes: readonly string[]
  /** RFC 6749 §6: it stays good where there is no new one. */
  readonly refreshToken: string | undefined
  /** Seconds since the epoch. */
  readonly now: number
}

/** The tokens in an answer. Throws `AuthenticationError` where they are of no use, or cannot be kept. */
export function keptTokens(answer: TokenAnswer, { now, refreshToken, scopes }: Before): UpstreamTokens {
  const { access_token: accessToken, expires_in: seconds, refresh_token: renewed = refreshToken } = answer
  if (answer.token_type !== 'bearer') throw refusal('the access token is not a bearer token')
  for (const token of [accessToken, renewed]) {
    if (token !== undefined && !tokenPattern.test(token)) throw refusal('a token of the provider cannot be kept')
  }
  return {
    accessToken,
    refreshToken: renewed,
    expiresAt: seconds === undefined ? undefined : Math.floor(now + Math.min(seconds, mostSeconds)),
    scopes: answer.scope === undefined ? scopes : grantedScopes(answer.scope),
  }
}

/** Words apart by spaces (RFC 6749 §3.3), or by commas as GitHub has it. */
function grantedScopes(scope: string): readonly string[] {
  const granted = scope.split(/[ ,]+/).filter((word) => word !== '')
  if (granted.length <= mostScopes && granted.every((word) => scopePattern.test(word))) return [...new Set(granted)]
  throw refusal('the scopes of the provider cannot be kept')
}
