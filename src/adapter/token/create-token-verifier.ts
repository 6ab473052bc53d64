import { ConfigurationError } from '../../core/error/configuration-error.js'
import type { SigningKeyStore } from '../../core/identity/signing-key-store.js'
import type { TokenVerifier } from '../../core/identity/verified-token.js'
import type { Clock } from '../../core/runtime/clock.js'
import type { Log } from '../../core/runtime/log.js'
import { readAccessTokenClaims } from './access-token-claims.js'
import { parseCompactJws } from './compact-jws.js'
import { KeySet } from './key-set.js'
import { readAccessTokenHeader } from './token-header.js'
import { verifySignature } from './verify-signature.js'

const maxSkewSeconds = 60
const hour = 60 * 60
const maxLifetimeLimit = 24 * hour

/** One issuer and what is demanded of its tokens. Keys and policy belong together: another issuer has another verifier. */
export interface TokenVerifierOptions {
  /** Compared with `iss` byte by byte. */
  readonly issuer: string
  readonly keys: Pick<SigningKeyStore, 'list'>
  readonly clock: Clock
  readonly log?: Log | undefined
  /** How far clocks may differ: at most 60 seconds, which is the default. */
  readonly skewSeconds?: number | undefined
  /** The longest `exp - iat` accepted: an hour by default, a day at most. */
  readonly maxLifetimeSeconds?: number | undefined
}

/**
 * The verifier of our own issuer's access tokens (RFC 9068 §4). Whatever needs no key is checked first, so that a token
 * which could not pass costs neither a signature nor a look at the key store. Throws `ConfigurationError` for options
 * that would weaken it.
 */
export function createTokenVerifier(options: TokenVerifierOptions): TokenVerifier {
  const { issuer, clock } = options
  const skew = bounded('skewSeconds', options.skewSeconds ?? maxSkewSeconds, { min: 0, max: maxSkewSeconds })
  const maxLifetime = bounded('maxLifetimeSeconds', options.maxLifetimeSeconds ?? hour, {
    min: 1,
    max: maxLifetimeLimit,
  })
  if (!URL.canParse(issuer)) throw new ConfigurationError('ERR_CONFIG_URL', 'the issuer must be an absolute URL')
  const keys = new KeySet(options)
  return {
    async verify(token, resource) {
      const { header, claims } = parseCompactJws(token)
      const kid = readAccessTokenHeader(header)
      const now = clock.now() / 1000
      const verified = readAccessTokenClaims(claims, { issuer, resource, now, skew, maxLifetime })
      await verifySignature(token, await keys.find(kid))
      return verified
    },
  }
}

function bounded(option: string, value: number, limit: { readonly min: number; readonly max: number }): number {
  if (Number.isSafeInteger(value) && value >= limit.min && value <= limit.max) return value
  throw new ConfigurationError(
    'ERR_CONFIG_OPTION',
    `${option} must be a whole number of seconds from ${limit.min} to ${limit.max}`,
  )
}
