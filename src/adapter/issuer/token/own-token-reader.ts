import { createLocalJWKSet, errors, jwtVerify, type JWTPayload } from 'jose'
import type { SigningKey } from '../../../core/identity/signing-key-store.js'
import type { Clock } from '../../../core/runtime/clock.js'

export interface OwnTokenReaderOptions {
  readonly issuer: string
  /** All that are published. */
  readonly keys: readonly SigningKey[]
  readonly clock: Clock
}

/** An access token of ours that is good so far; whether its grant stands is in the database. */
export interface OwnToken {
  readonly subject: string
  readonly clientId: string
  readonly grantDigest: string
  readonly tenant: string
  readonly claims: JWTPayload
}

/** As far as whoever accepts our tokens lets clocks differ. */
const skew = 60

/** Reads back the access tokens that this server has signed (RFC 9068), for whatever resource they are. */
export class OwnTokenReader {
  readonly #options: OwnTokenReaderOptions
  readonly #keys: ReturnType<typeof createLocalJWKSet>

  constructor(options: OwnTokenReaderOptions) {
    this.#options = options
    this.#keys = createLocalJWKSet({
      keys: options.keys.map(({ algorithm: alg, kid, publicJwk }) => ({
        ...{ kty: 'EC', ...publicJwk },
        ...{ alg, kid, use: 'sig' },
      })),
    })
  }

  /** `undefined` for whatever is none of ours, altered, or over. */
  async read(token: string): Promise<OwnToken | undefined> {
    const { clock, issuer } = this.#options
    try {
      const { payload: claims } = await jwtVerify(token, this.#keys, {
        ...{ issuer, algorithms: ['ES256'], typ: 'at+jwt', clockTolerance: skew, currentDate: new Date(clock.now()) },
        requiredClaims: ['aud', 'client_id', 'exp', 'gid', 'iat', 'jti', 'sub', 'tenant_id'],
      })
      const { client_id: clientId, gid: grantDigest, sub: subject, tenant_id: tenant } = claims
      if (typeof clientId !== 'string' || typeof grantDigest !== 'string') return undefined
      if (typeof subject !== 'string' || typeof tenant !== 'string') return undefined
      return { claims, clientId, grantDigest, subject, tenant }
    } catch (error) {
      if (error instanceof errors.JOSEError || error instanceof TypeError) return undefined
      throw error
    }
  }
}
