import type { Clock } from '../../core/runtime/clock.js'
import type { Fetcher } from '../../core/runtime/fetcher.js'
import type { Log } from '../../core/runtime/log.js'
import { isIssuer } from '../../core/trust/entra-issuer.js'
import type { IssuerBook } from '../../core/trust/issuer-book.js'
import type { TrustedIssuer } from '../../core/trust/trusted-issuer.js'
import { isShared } from './issuer/issuer-claim.js'
import { IssuerEngine } from './issuer/issuer-engine.js'
import { OpaqueEngine } from './issuer/opaque-engine.js'
import type { JsonObject } from '../../core/runtime/strict-json.js'
import type { TokenEngine } from './token-engine.js'

export interface EngineTableOptions {
  readonly book: IssuerBook
  readonly fetcher: Fetcher
  readonly clock: Clock
  readonly log?: Log | undefined
}

/** What verifies the tokens of one issuer, as long as nothing about it changes. */
interface Engines {
  readonly fingerprint: string
  readonly signed: IssuerEngine
  readonly opaque: OpaqueEngine | undefined
}

/** The engines of the issuers that are trusted now. One whose configuration changes starts anew, with keys of its own. */
export class EngineTable {
  readonly #options: EngineTableOptions
  #version: string | undefined
  #engines: ReadonlyMap<string, Engines> = new Map()
  #current: ReadonlySet<TokenEngine | OpaqueEngine> = new Set()
  #shared: readonly IssuerEngine[] = []
  #opaque: readonly OpaqueEngine[] = []

  constructor(options: EngineTableOptions) {
    this.#options = options
  }

  /** Takes over what the book says now. Throws `UpstreamError` while that cannot be told. */
  async refresh(): Promise<void> {
    const { issuers, version } = await this.#options.book.read()
    if (version === this.#version) return
    this.#engines = new Map(issuers.map((trusted) => [trusted.issuer, this.#enginesOf(trusted)]))
    const all = [...this.#engines.values()]
    this.#current = new Set(all.flatMap(({ opaque, signed }) => [signed, ...(opaque === undefined ? [] : [opaque])]))
    this.#shared = all.flatMap(({ signed }) => (isShared(signed.trusted.issuer) ? [signed] : []))
    // The longest prefix is the most telling one.
    this.#opaque = all
      .flatMap(({ opaque }) => opaque ?? [])
      .toSorted((one, other) => other.prefix.length - one.prefix.length)
    this.#version = version
  }

  all(): readonly IssuerEngine[] {
    return [...this.#engines.values()].map(({ signed }) => signed)
  }

  /** Whether it serves now as it did when it verified something. */
  has(engine: TokenEngine | OpaqueEngine): boolean {
    return this.#current.has(engine)
  }

  /** The engine of the issuer that a token names. Nothing is true of the token yet. */
  find({ iss }: JsonObject): IssuerEngine | undefined {
    if (typeof iss !== 'string') return undefined
    const named = this.#engines.get(iss)?.signed
    if (named !== undefined && !isShared(named.trusted.issuer)) return named
    return this.#shared.find(({ trusted }) => isIssuer(trusted.issuer, iss))
  }

  /** The issuer that can be asked about a token that is no JWT. What begins like a JWT is one, or nothing. */
  opaqueFor(token: string): OpaqueEngine | undefined {
    if (token.startsWith('eyJ') || token.length > longestOpaque) return undefined
    return this.#opaque.find(({ prefix }) => token.startsWith(prefix))
  }

  #enginesOf(trusted: TrustedIssuer): Engines {
    const fingerprint = JSON.stringify(trusted)
    const before = this.#engines.get(trusted.issuer)
    if (before?.fingerprint === fingerprint) return before
    const { introspection } = trusted
    const signed = new IssuerEngine({ ...this.#options, trusted })
    const { metadata } = signed
    const opaque = introspection && new OpaqueEngine({ ...this.#options, trusted, introspection, metadata })
    return { fingerprint, signed, opaque }
  }
}

const longestOpaque = 4096
