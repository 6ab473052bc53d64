import { createHash, timingSafeEqual } from 'node:crypto'
import type { IDToken } from 'openid-client'
import type { VerifiedToken } from '../../core/identity/verified-token.js'
import { refusal } from './provider-failure.js'

const skewSeconds = 60
const digests: Readonly<Record<string, string>> = { '256': 'sha256', '384': 'sha384', '512': 'sha512' }

/** An answer of the token endpoint whose ID token has passed the library. */
export interface TokenAnswer {
  readonly accessToken: string
  readonly idToken: string
  readonly claims: IDToken
  /** That it was answered to, where it was one. */
  readonly code?: string | undefined
}

/** What an answer is held against. */
export interface AnswerRules {
  readonly clientId: string
  /** Seconds since the epoch. */
  readonly now: number
}

/**
 * What the library leaves open of OpenID Connect Core §3.1.3.7 and §3.1.3.8: one audience, the authorized party, `iat` not
 * ahead of us, `at_hash` where there is one, and `c_hash` (§3.3.2.11) likewise. Throws `AuthenticationError`.
 */
export function requireSoundIdToken({ accessToken, claims, code, idToken }: TokenAnswer, rules: AnswerRules): void {
  const { iat, at_hash: hash, c_hash: codeHash } = claims
  if (!isForAlone(rules.clientId, claims)) throw refusal('the ID token is not for this client alone')
  if (!Number.isSafeInteger(iat) || iat > rules.now + skewSeconds) {
    throw refusal('the ID token has no usable iat')
  }
  if (hash !== undefined && !isHashOf(hash, accessToken, idToken)) {
    throw refusal('the ID token belongs to another access token')
  }
  if (code !== undefined && codeHash !== undefined && !isHashOf(codeHash, code, idToken)) {
    throw refusal('the ID token belongs to another code')
  }
}

/** Whether an ID token is for this client, and for no other one besides. */
export function isForAlone(clientId: string, { aud, azp }: IDToken): boolean {
  const audience = Array.isArray(aud) && aud.length === 1 ? aud[0] : aud
  return audience === clientId && (azp === undefined || azp === clientId)
}

/** That both tokens are of one user of one tenant, and both ours. Throws `AuthenticationError`. */
export function requireSameIdentity(
  { claims }: TokenAnswer,
  verified: VerifiedToken,
  own: { readonly issuer: string; readonly clientId: string },
): void {
  if (verified.issuer !== own.issuer || verified.clientId !== own.clientId) {
    throw refusal('the access token was issued to another client')
  }
  if (claims.sub !== verified.subject) throw refusal('the tokens are of different users')
  const tenant = claims['tenant_id']
  if (tenant !== undefined && tenant !== verified.tenantClaim) throw refusal('the tokens are of different tenants')
}

/** OpenID Connect Core §3.1.3.6: the left half, of the hash that the signature of the ID token uses. */
function isHashOf(hash: unknown, text: string, idToken: string): boolean {
  const algorithm = digests[/(?:256|384|512)$/.exec(signatureAlgorithm(idToken))?.[0] ?? '']
  if (algorithm === undefined || typeof hash !== 'string') return false
  const digest = createHash(algorithm).update(text).digest()
  const expected = Buffer.from(digest.subarray(0, digest.length / 2).toString('base64url'))
  const given = Buffer.from(hash)
  return given.length === expected.length && timingSafeEqual(given, expected)
}

function signatureAlgorithm(idToken: string): string {
  const [header = ''] = idToken.split('.', 1)
  const parsed: unknown = JSON.parse(Buffer.from(header, 'base64url').toString())
  return typeof parsed === 'object' && parsed !== null && 'alg' in parsed ? String(parsed.alg) : ''
}
