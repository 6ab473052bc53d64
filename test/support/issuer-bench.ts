import { createFetcher } from '../../src/adapter/net/create-fetcher.js'
import { createTokenVerifier, type IssuersVerifier } from '../../src/adapter/token/create-token-verifier.js'
import { AuthSecError } from '../../src/core/error/auth-sec-error.js'
import type { IssuerBook, IssuerEdition } from '../../src/core/trust/issuer-book.js'
import { readIssuer } from '../../src/core/trust/read-issuer-options.js'
import type { TrustedIssuer } from '../../src/core/trust/trusted-issuer.js'
import { HostileIssuer, type HostileIssuerOptions, type IssuedToken } from './hostile-issuer.js'
import { ManualClock } from './manual-clock.js'

/** The issuers that are trusted, until a test trusts others. */
export class MemoryIssuerBook implements IssuerBook {
  #edition: IssuerEdition = { version: '0', issuers: [] }

  read(): Promise<IssuerEdition> {
    return Promise.resolve(this.#edition)
  }

  trust(...issuers: readonly TrustedIssuer[]): void {
    this.#edition = { version: String(Number(this.#edition.version) + 1), issuers }
  }
}

export interface IssuerBenchOptions extends HostileIssuerOptions {
  /** Laid over options that trust the issuer in everything it does by itself. */
  readonly options?: Readonly<Record<string, unknown>>
}

/** An issuer elsewhere that is trusted, a clock that stands still, and the verifier under test. */
export class IssuerBench {
  readonly issuer: HostileIssuer
  readonly clock: ManualClock
  readonly book = new MemoryIssuerBook()
  readonly verifier: IssuersVerifier
  readonly logged: string[] = []
  readonly resource = 'https://mcp.example/mcp'

  private constructor(issuer: HostileIssuer, clock: ManualClock) {
    this.issuer = issuer
    this.clock = clock
    this.verifier = createTokenVerifier({
      others: { book: this.book, fetcher: createFetcher({ milliseconds: 2_000 }) },
      clock,
      log: { write: (_level, message) => void this.logged.push(message) },
    })
  }

  static async start({ options = {}, ...rest }: IssuerBenchOptions = {}): Promise<IssuerBench> {
    const clock = new ManualClock()
    const issuer = await HostileIssuer.start({ now: () => clock.seconds, ...rest })
    const bench = new IssuerBench(issuer, clock)
    bench.book.trust(bench.trusted(options))
    return bench
  }

  /** The issuer, trusted with these options laid over the usual ones. */
  trusted(options: Readonly<Record<string, unknown>> = {}): TrustedIssuer {
    return trustIn(this.issuer, options)
  }

  /** `accepted`, or the code of the refusal. Whatever is not one of our errors is thrown on. */
  async outcomeOf(token: string, resource = this.resource): Promise<string> {
    try {
      await this.verifier.verify(token, resource)
      return 'accepted'
    } catch (error) {
      if (error instanceof AuthSecError) return String(error.code)
      throw error
    }
  }

  /** The same for what the issuer makes of `token`. */
  outcome(token: IssuedToken = {}): Promise<string> {
    return this.outcomeOf(this.issuer.sign(token))
  }

  async close(): Promise<void> {
    await this.issuer.close()
  }
}

/** Trust in an issuer of a test, with these options laid over the usual ones. */
export function trustIn(
  { issuer }: Pick<HostileIssuer, 'issuer'>,
  options: Readonly<Record<string, unknown>> = {},
): TrustedIssuer {
  return readIssuer(
    { issuer, audience: 'resource', tenant: { claim: 'tenant_id' }, network: 'private', ...options },
    'code',
  )
}

/** Does this with an issuer of its own, which is closed afterwards. */
export async function withIssuer(
  options: IssuerBenchOptions,
  work: (bench: IssuerBench) => Promise<void>,
): Promise<void> {
  const bench = await IssuerBench.start(options)
  try {
    await work(bench)
  } finally {
    await bench.close()
  }
}
