import type { SigningKeySource } from '../../../core/identity/signing-key-store.js'
import type { Clock } from '../../../core/runtime/clock.js'
import type { Log } from '../../../core/runtime/log.js'
import type { CompactJws } from '../jwt/compact-jws.js'
import { readHeader, type HeaderRule } from '../jwt/token-header.js'
import { verifySignature } from '../jwt/verify-signature.js'
import { KeySet, nearTimes } from '../key/key-set.js'
import type { PublishedKey } from '../key/verification-key.js'
import type { Accepted, TokenEngine } from '../token-engine.js'
import { readAccessTokenClaims } from './access-token-claims.js'

export interface OwnEngineOptions {
  /** Compared with `iss` byte by byte. */
  readonly issuer: string
  readonly keys: SigningKeySource
  readonly clock: Clock
  readonly log?: Log | undefined
  readonly skewSeconds: number
  readonly maxLifetimeSeconds: number
}

// RFC 9068 §4 names the type.
const headerRule: HeaderRule = { algorithms: ['ES256'], types: ['at+jwt'], members: 'own' }

/**
 * Verifies the access tokens of our own issuer (RFC 9068 §4). Whatever needs no key is checked first, so that a token which could not
 * pass costs neither a signature nor a look at the key store.
 */
export class OwnEngine implements TokenEngine {
  readonly #options: OwnEngineOptions
  readonly #keys: KeySet

  constructor(options: OwnEngineOptions) {
    this.#options = options
    this.#keys = ownKeySet(options)
  }

  async verify(token: string, jws: CompactJws, resource: string): Promise<Accepted> {
    const { clock, issuer, maxLifetimeSeconds: maxLifetime, skewSeconds: skew } = this.#options
    const reference = readHeader(jws.header, headerRule)
    const verified = readAccessTokenClaims(jws.claims, { issuer, resource, now: clock.now() / 1000, skew, maxLifetime })
    const key = await verifySignature(token, reference, { issuer, key: await this.#keys.find(reference, issuer) })
    return { verified, stands: async () => (await this.#keys.find(reference, issuer)) === key }
  }
}

/** The keys that our own issuer signs with. */
export function ownKeySet({ keys, ...options }: Pick<OwnEngineOptions, 'clock' | 'issuer' | 'keys' | 'log'>): KeySet {
  const load = async (): Promise<readonly PublishedKey[]> =>
    (await keys.list()).map(({ algorithm, kid, publicJwk }) => published({ alg: algorithm, kid }, publicJwk))
  return new KeySet({
    ...options,
    algorithms: ['ES256'],
    source: { load, revision: keys.revision?.bind(keys), lasts: keys.lasts?.bind(keys) },
    times: nearTimes,
  })
}

/** What the store says of a key has to be what the key says of itself. */
function published(said: PublishedKey, jwk: PublishedKey): PublishedKey {
  const contradicts = Object.entries(said).some(([member, value]) => jwk[member] !== undefined && jwk[member] !== value)
  return contradicts || typeof said['kid'] !== 'string' || said['kid'] === ''
    ? { kid: said['kid'] }
    : { ...jwk, ...said }
}
