import type { CryptoKey } from 'jose'
import type { IssuerLogout } from '../../../core/identity/logout-registry.js'
import type { Clock } from '../../../core/runtime/clock.js'
import type { Fetcher } from '../../../core/runtime/fetcher.js'
import type { Log } from '../../../core/runtime/log.js'
import type { TrustedIssuer } from '../../../core/trust/trusted-issuer.js'
import type { CompactJws } from '../jwt/compact-jws.js'
import { readHeader, type KeyReference } from '../jwt/token-header.js'
import { verifySignature } from '../jwt/verify-signature.js'
import { KeySet, remoteTimes } from '../key/key-set.js'
import { RemoteKeys } from './remote-keys.js'
import type { Accepted, TokenEngine } from '../token-engine.js'
import { requireTokenIssuer } from './issuer-claim.js'
import { readLogoutClaims } from './logout-claims.js'
import { readIssuerClaims } from './issuer-claims.js'
import { IssuerMetadataReader } from './issuer-metadata.js'

export interface IssuerEngineOptions {
  readonly trusted: TrustedIssuer
  readonly fetcher: Fetcher
  readonly clock: Clock
  readonly log?: Log | undefined
}

/**
 * Verifies the JWT access tokens of one issuer of others, with keys and a policy of its own, so that no issuer is in another's way.
 * Whatever needs no key is checked first: a token that could not pass causes no request.
 */
export class IssuerEngine implements TokenEngine {
  readonly trusted: TrustedIssuer
  readonly metadata: IssuerMetadataReader
  readonly keys: KeySet
  readonly #clock: Clock

  constructor({ clock, fetcher, log, trusted }: IssuerEngineOptions) {
    this.trusted = trusted
    this.#clock = clock
    this.metadata = new IssuerMetadataReader({ trusted, fetcher, clock })
    const { issuer } = trusted
    const { algorithms } = trusted.token
    const source = new RemoteKeys({ trusted, metadata: this.metadata, fetcher })
    this.keys = new KeySet({ issuer, algorithms, source, times: remoteTimes, clock, log })
  }

  async verify(token: string, { claims, header }: CompactJws, resource: string): Promise<Accepted> {
    const { trusted } = this
    // Whose token it is comes first: what it may be like is for its issuer to say.
    const issuer = requireTokenIssuer(claims, trusted)
    const reference = readHeader(header, { ...trusted.token, members: 'any' })
    const verified = readIssuerClaims({ claims, trusted, resource, now: this.#clock.now() / 1000 })
    const key = await this.#verifySignature(token, reference, issuer)
    return { verified, stands: async () => (await this.keys.find(reference, issuer)) === key }
  }

  /** What a logout token of the issuer says. Throws like `verify`. */
  async verifyLogout(token: string, { claims, header }: CompactJws): Promise<IssuerLogout> {
    const { trusted } = this
    const issuer = requireTokenIssuer(claims, trusted)
    const { algorithms } = trusted.token
    const reference = readHeader(header, { algorithms, types: ['logout+jwt', 'jwt', 'absent'], members: 'any' })
    const logout = readLogoutClaims({ claims, trusted, now: this.#clock.now() / 1000 })
    await this.#verifySignature(token, reference, issuer)
    return logout
  }

  /** Throws `ConfigurationError` where the issuer was reached and is not what it should be, `UpstreamError` where it was not reached. */
  async warmUp(): Promise<void> {
    // Where no token is ever signed, no key is ever needed.
    if (this.trusted.token.types.length > 0) await this.keys.warmUp()
  }
  /** One line for all that go by this trust: which directory a forged token names is its forger's choice. */
  async #verifySignature(token: string, reference: KeyReference, issuer: string): Promise<CryptoKey> {
    const key = await this.keys.find(reference, issuer)
    return verifySignature(token, reference, { issuer: this.trusted.issuer, key })
  }
}
