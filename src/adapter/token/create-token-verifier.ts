import { AuthenticationError } from '../../core/error/authentication-error.js'
import { ConfigurationError } from '../../core/error/configuration-error.js'
import { UpstreamError } from '../../core/error/upstream-error.js'
import type { IssuerLogout } from '../../core/identity/logout-registry.js'
import type { LogoutTokenVerifier } from '../../core/identity/logout-token-verifier.js'
import type { SigningKeySource } from '../../core/identity/signing-key-store.js'
import type { TokenVerifier, VerifiedToken } from '../../core/identity/verified-token.js'
import type { Clock } from '../../core/runtime/clock.js'
import type { Fetcher } from '../../core/runtime/fetcher.js'
import type { Log } from '../../core/runtime/log.js'
import type { IssuerBook } from '../../core/trust/issuer-book.js'
import { EngineTable } from './engine-table.js'
import type { IssuerEngine } from './issuer/issuer-engine.js'
import type { OpaqueEngine } from './issuer/opaque-engine.js'
import { parseCompactJws, type CompactJws } from './jwt/compact-jws.js'
import { OwnEngine } from './own/own-engine.js'
import { tokenDigest } from './token-digest.js'
import type { Accepted, TokenEngine } from './token-engine.js'
import { VerifiedTokenCache } from './verified-token-cache.js'

const maxSkewSeconds = 60
const hour = 60 * 60
const maxLifetimeLimit = 24 * hour
const longestToken = 16 * 1024

/** Our own issuer and what is demanded of its tokens. */
export interface OwnIssuerOptions {
  /** Compared with `iss` byte by byte. */
  readonly issuer: string
  readonly keys: SigningKeySource
  /** How far clocks may differ: at most 60 seconds, which is the default. */
  readonly skewSeconds?: number | undefined
  /** The longest `exp - iat` accepted: an hour by default, a day at most. */
  readonly maxLifetimeSeconds?: number | undefined
}

/** Issuers of others, and the way to what they publish. */
export interface OtherIssuersOptions {
  readonly book: IssuerBook
  readonly fetcher: Fetcher
}

export interface TokenVerifierOptions {
  /** Absent where this installation has no authorization server of its own. */
  readonly own?: OwnIssuerOptions | undefined
  /** Absent where no other issuer is trusted. */
  readonly others?: OtherIssuersOptions | undefined
  readonly clock: Clock
  readonly log?: Log | undefined
}

export interface IssuersVerifier extends TokenVerifier {
  /** Of the issuers of others; our own ends what it granted by itself. */
  readonly logouts: LogoutTokenVerifier
  /**
   * Looks at every issuer's keys. Throws one `ConfigurationError` that says what is wrong with those that were reached; one that is not
   * there at the moment is in the log, and tried again when a token of it comes.
   */
  warmUp(): Promise<void>
}

/**
 * The one verifier of access tokens. Each issuer has keys and a policy of its own; the `iss` of a token chooses between them and nothing
 * else. Throws `ConfigurationError` for options that would weaken it.
 */
export function createTokenVerifier(options: TokenVerifierOptions): IssuersVerifier {
  return new Verifier(options)
}

class Verifier implements IssuersVerifier {
  readonly logouts: LogoutTokenVerifier = {
    issuerOf: async (token) => (await this.#logoutEngineOf(parseCompactJws(token))).trusted.issuer,
    verify: (token) => this.#verifyLogout(token),
  }
  readonly #own: { readonly issuer: string; readonly engine: OwnEngine } | undefined
  readonly #others: EngineTable | undefined
  readonly #cache: VerifiedTokenCache
  readonly #log: Log | undefined

  constructor({ clock, log, others, own }: TokenVerifierOptions) {
    this.#own = own && { issuer: own.issuer, engine: new OwnEngine({ ...own, ...ownLimits(own), clock, log }) }
    this.#others = others && new EngineTable({ ...others, clock, log })
    this.#cache = new VerifiedTokenCache(clock)
    this.#log = log
  }

  async verify(token: string, resource: string): Promise<VerifiedToken> {
    if (typeof token !== 'string' || token.length > longestToken) {
      throw new AuthenticationError('ERR_TOKEN_MALFORMED', 'the token is not a text of at most 16 KB')
    }
    await this.#others?.refresh()
    const key = keyOf(token, resource)
    const known = await this.#cache.find(key, (engine) => engine === this.#own?.engine || this.#isCurrent(engine))
    if (known !== undefined) return known.verified
    const jws = this.#parse(token)
    if (jws === undefined) return this.#verifyOpaque(token, resource)
    const engine = this.#engineOf(jws)
    const accepted = await engine.verify(token, jws, resource)
    const verified = engine === this.#own?.engine ? accepted.verified : this.#withProof(accepted, token, engine)
    this.#cache.keep(key, { engine, accepted: { ...accepted, verified } })
    return verified
  }

  /** Whether it verifies tokens of others now as it did when it verified one. */
  #isCurrent(engine: TokenEngine | OpaqueEngine): boolean {
    return this.#others?.has(engine) === true
  }

  /** Our own tokens stand on a grant that is asked about; those of others on what said that they are valid, and on trust in it. */
  #withProof({ stands, verified }: Accepted, token: string, engine: TokenEngine | OpaqueEngine): VerifiedToken {
    const stillStands = async (): Promise<boolean> => {
      await this.#others?.refresh()
      return this.#isCurrent(engine) && (await stands())
    }
    return { ...verified, proof: { digest: tokenDigest(token), stands: stillStands } }
  }

  forget(token: string, resource: string): void {
    this.#cache.forget(keyOf(token, resource))
  }

  async #verifyLogout(token: string): Promise<IssuerLogout> {
    const jws = parseCompactJws(token)
    const engine = await this.#logoutEngineOf(jws)
    return engine.verifyLogout(token, jws)
  }

  async #logoutEngineOf({ claims }: CompactJws): Promise<IssuerEngine> {
    await this.#others?.refresh()
    const engine = this.#others?.find(claims)
    if (engine === undefined) throw otherIssuer()
    return engine
  }

  async warmUp(): Promise<void> {
    await this.#others?.refresh()
    // One that hangs is not waited for by the others.
    const warmed = await Promise.all((this.#others?.all() ?? []).map((engine) => this.#warmUpOne(engine)))
    const failure = ConfigurationError.join(warmed.flatMap((fault) => fault ?? []))
    if (failure !== undefined) throw failure
  }

  /** What is wrong with an issuer that was reached. */
  async #warmUpOne(engine: IssuerEngine): Promise<ConfigurationError | undefined> {
    try {
      await engine.warmUp()
    } catch (error) {
      if (error instanceof ConfigurationError) return error
      if (!(error instanceof UpstreamError)) throw error
      this.#log?.write('warn', 'an issuer could not be reached yet', { issuer: engine.trusted.issuer, error })
    }
    return undefined
  }

  /** `undefined` for what may be a token that only its issuer can read. */
  #parse(token: string): CompactJws | undefined {
    try {
      return parseCompactJws(token)
    } catch (error) {
      if (this.#others?.opaqueFor(token) !== undefined) return undefined
      throw error
    }
  }

  #engineOf({ claims }: CompactJws): TokenEngine {
    const { iss } = claims
    const engine = iss === this.#own?.issuer ? this.#own?.engine : this.#others?.find(claims)
    if (engine === undefined) throw otherIssuer()
    return engine
  }

  async #verifyOpaque(token: string, resource: string): Promise<VerifiedToken> {
    const engine = this.#others?.opaqueFor(token)
    if (engine === undefined) throw new AuthenticationError('ERR_TOKEN_MALFORMED', 'the token is no JWT')
    return this.#withProof(await engine.verify(token, resource), token, engine)
  }
}

function otherIssuer(): AuthenticationError {
  return new AuthenticationError('ERR_TOKEN_ISSUER', 'the token has another issuer')
}

function keyOf(token: string, resource: string): string {
  return `${tokenDigest(token)} ${resource}`
}

function ownLimits(own: OwnIssuerOptions): { readonly skewSeconds: number; readonly maxLifetimeSeconds: number } {
  const limits = {
    skewSeconds: bounded('skewSeconds', own.skewSeconds ?? maxSkewSeconds, { min: 0, max: maxSkewSeconds }),
    maxLifetimeSeconds: bounded('maxLifetimeSeconds', own.maxLifetimeSeconds ?? hour, {
      min: 1,
      max: maxLifetimeLimit,
    }),
  }
  if (!URL.canParse(own.issuer)) throw new ConfigurationError('ERR_CONFIG_URL', 'the issuer must be an absolute URL')
  return limits
}

function bounded(option: string, value: number, limit: { readonly min: number; readonly max: number }): number {
  if (Number.isSafeInteger(value) && value >= limit.min && value <= limit.max) return value
  throw new ConfigurationError(
    'ERR_CONFIG_OPTION',
    `${option} must be a whole number of seconds from ${limit.min} to ${limit.max}`,
  )
}
