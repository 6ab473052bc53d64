import { ConfigurationError } from '../../../core/error/configuration-error.js'
import type { SigningKeySource } from '../../../core/identity/signing-key-store.js'
import type { IdTokenVerifier } from '../../../core/identity/verified-token.js'
import type { Clock } from '../../../core/runtime/clock.js'
import type { Log } from '../../../core/runtime/log.js'
import { parseCompactJws } from '../jwt/compact-jws.js'
import { readHeader, type HeaderRule } from '../jwt/token-header.js'
import { verifySignature } from '../jwt/verify-signature.js'
import { readIdTokenClaims } from './id-token-claims.js'
import { ownKeySet } from './own-engine.js'

const skew = 60
const maxLifetime = 60 * 60
// `JWT` (RFC 7519 §5.1) or not said; an access token always says its own.
const headerRule: HeaderRule = { algorithms: ['ES256'], types: ['jwt', 'absent'], members: 'own' }

export interface IdTokenVerifierOptions {
  /** Compared with `iss` byte by byte. */
  readonly issuer: string
  /** The client that the tokens have to be issued to: ourselves, as the relying party. */
  readonly clientId: string
  readonly keys: SigningKeySource
  readonly clock: Clock
  readonly log?: Log | undefined
}

/**
 * The verifier of ID tokens that our own issuer made for one client of ours (OpenID Connect Core §3.1.3.7), as strict as the
 * one of access tokens. Throws `ConfigurationError` for options that nothing could be held against.
 */
export function createIdTokenVerifier(options: IdTokenVerifierOptions): IdTokenVerifier {
  const { issuer, clientId, clock } = options
  if (!URL.canParse(issuer)) throw new ConfigurationError('ERR_CONFIG_URL', 'the issuer must be an absolute URL')
  if (clientId === '') throw new ConfigurationError('ERR_CONFIG_OPTION', 'clientId must not be empty')
  const keys = ownKeySet(options)
  return {
    async verify(token, nonce) {
      const { header, claims } = parseCompactJws(token)
      const reference = readHeader(header, headerRule)
      const now = clock.now() / 1000
      const verified = readIdTokenClaims(claims, { issuer, clientId, nonce, now, skew, maxLifetime })
      await verifySignature(token, reference, { issuer, key: await keys.find(reference, issuer) })
      return verified
    },
  }
}
