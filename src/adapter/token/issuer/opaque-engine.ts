import { LRUCache } from 'lru-cache'
import { AuthenticationError } from '../../../core/error/authentication-error.js'
import { ConfigurationError } from '../../../core/error/configuration-error.js'
import { CircuitBreaker } from '../../../core/runtime/circuit-breaker.js'
import type { Clock } from '../../../core/runtime/clock.js'
import type { Fetcher } from '../../../core/runtime/fetcher.js'
import type { Log } from '../../../core/runtime/log.js'
import { Turnstile } from '../../../core/runtime/turnstile.js'
import type { Introspection, TrustedIssuer } from '../../../core/trust/trusted-issuer.js'
import type { JsonObject } from '../../../core/runtime/strict-json.js'
import { tokenDigest } from '../token-digest.js'
import type { Accepted } from '../token-engine.js'
import { GoogleIntrospector, StandardIntrospector, type Introspector } from './introspector.js'
import { readIssuerClaims } from './issuer-claims.js'
import { issuerOutage } from './issuer-fault.js'
import type { IssuerMetadataReader } from './issuer-metadata.js'

const second = 1000
/** What was said of a token holds this long. */
const validFor = 60 * second
const invalidFor = 10 * second
const remembered = 10_000
const tellEvery = 10 * second
/** Whatever tokens are invented, the issuer is not flooded through us, and those that were valid a minute ago do not wait for them. */
const atIssuer = { atOnce: 8, waiting: 200, milliseconds: 2 * second }

/** What the issuer said of a token: nothing where it is not valid. */
interface Said {
  readonly claims: JsonObject | undefined
  readonly at: number
}

export interface OpaqueEngineOptions {
  readonly trusted: TrustedIssuer
  readonly introspection: Introspection
  readonly metadata: IssuerMetadataReader
  readonly fetcher: Fetcher
  readonly clock: Clock
  readonly log?: Log | undefined
}

/** Verifies tokens that only their issuer can read, by asking it once a minute for each, once for all who ask at the same time. */
export class OpaqueEngine {
  readonly trusted: TrustedIssuer
  readonly prefix: string
  readonly #options: OpaqueEngineOptions
  readonly #introspector: Introspector
  readonly #breaker = new CircuitBreaker()
  readonly #turnstile = new Turnstile(atIssuer)
  readonly #valid = new LRUCache<string, Said>({ max: remembered })
  /** Apart from the others, so that invented ones do not drive them out. */
  readonly #invalid = new LRUCache<string, Said>({ max: remembered })
  readonly #asking = new Map<string, Promise<JsonObject | undefined>>()
  #toldAt: number | undefined

  constructor(options: OpaqueEngineOptions) {
    const { introspection, trusted } = options
    this.#options = options
    this.trusted = trusted
    this.prefix = introspection.tokenPrefix
    this.#introspector =
      introspection.kind === 'google' ? new GoogleIntrospector(options) : new StandardIntrospector(options)
  }

  /** Throws `AuthenticationError` for a token that is not valid here, `UpstreamError` where the issuer does not answer. */
  async verify(token: string, resource: string): Promise<Accepted> {
    const digest = tokenDigest(token)
    const said = await this.#ask(token, digest)
    if (said === undefined)
      throw new AuthenticationError('ERR_TOKEN_REVOKED', 'the issuer says that the token is not valid')
    const { claims, issuedAt, trusted } = this.#asClaims(said)
    const verified = readIssuerClaims({ claims, trusted, resource, now: this.#options.clock.now() / second })
    const stands = async (): Promise<boolean> => (await this.#ask(token, digest)) !== undefined
    return { verified: { ...verified, issuedAt }, stands }
  }

  async #ask(token: string, digest: string): Promise<JsonObject | undefined> {
    const known = this.#valid.get(digest) ?? this.#invalid.get(digest)
    if (known !== undefined && this.#isFresh(known)) return known.claims
    const asking = this.#asking.get(digest) ?? this.#askIssuer(token, digest)
    this.#asking.set(digest, asking)
    try {
      return await asking
    } finally {
      this.#asking.delete(digest)
    }
  }

  #isFresh({ at, claims }: Said): boolean {
    const age = this.#options.clock.now() - at
    return age >= 0 && age < (claims === undefined ? invalidFor : validFor)
  }

  /** Whoever invents tokens while the issuer is down decides how often this happens. */
  #tell(error: unknown): void {
    const { clock, log } = this.#options
    const elapsed = clock.now() - (this.#toldAt ?? -Infinity)
    if (elapsed >= 0 && elapsed < tellEvery) return
    this.#toldAt = clock.now()
    log?.write('warn', 'a token could not be looked up at its issuer', { issuer: this.trusted.issuer, error })
  }

  async #askIssuer(token: string, digest: string): Promise<JsonObject | undefined> {
    const { clock } = this.#options
    const { issuer } = this.trusted
    const at = clock.now()
    try {
      const line = this.#valid.has(digest) ? 'known' : 'new'
      const claims = await this.#turnstile.pass(line, () => this.#breaker.run(() => this.#introspector.ask(token)))
      this.#remember(digest, { claims, at })
      return claims
    } catch (error) {
      this.#tell(error)
      // What is wrong with the issuer is nothing that the caller could mend with another token.
      throw error instanceof ConfigurationError ? issuerOutage(issuer, error) : error
    }
  }

  #remember(digest: string, said: Said): void {
    const [is, isNot] = said.claims === undefined ? [this.#invalid, this.#valid] : [this.#valid, this.#invalid]
    is.set(digest, said)
    isNot.delete(digest)
  }

  /** Of tokens that are asked about each minute nobody has to say when they were made, or how long they may live. */
  #asClaims(said: JsonObject): {
    readonly claims: JsonObject
    readonly issuedAt: number
    readonly trusted: TrustedIssuer
  } {
    const { trusted } = this
    const now = Math.floor(this.#options.clock.now() / second)
    const { exp = now + validFor / second, iat, iss = trusted.issuer } = said
    const claims: JsonObject = Object.assign(Object.create(null), said, { exp, iat: iat ?? now - 1, iss })
    const token = { ...trusted.token, maxLifetimeSeconds: Number.MAX_SAFE_INTEGER }
    // A token of an unknown age may be from before any logout.
    return { claims, issuedAt: iat === undefined ? 0 : Number(iat), trusted: { ...trusted, token } }
  }
}
