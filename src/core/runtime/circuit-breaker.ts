import { UpstreamError, type Outage } from '../error/upstream-error.js'

const failuresInARow = 3
const openMilliseconds = 1_000

/** Who is silent, as callers are told. */
export interface SilentParty {
  readonly outage: Outage
  readonly message: string
}

const identityProvider: SilentParty = {
  outage: 'IDP_UNAVAILABLE',
  message: 'the identity provider does not answer',
}

/**
 * Keeps a provider that is silent from costing everybody the wait: after three silences in a row callers are refused at once, but
 * for one each second, whose answer lets all others through again.
 */
export class CircuitBreaker {
  #failures = 0
  #openUntil = -Infinity
  readonly #party: SilentParty

  constructor(party = identityProvider) {
    this.#party = party
  }

  /** What `ask` answers with. An `UpstreamError` of it is a silence; throws one without asking after too many. */
  async run<Result>(ask: () => Promise<Result>): Promise<Result> {
    if (this.#failures >= failuresInARow) this.#passOne()
    try {
      const result = await ask()
      this.#failures = 0
      return result
    } catch (error) {
      if (error instanceof UpstreamError) this.#fail()
      else this.#failures = 0
      throw error
    }
  }

  #passOne(): void {
    const now = performance.now()
    if (now < this.#openUntil) {
      const cause = new TypeError('it has been silent several times in a row')
      throw new UpstreamError(this.#party.outage, this.#party.message, { cause })
    }
    this.#openUntil = now + openMilliseconds
  }

  #fail(): void {
    this.#failures += 1
    if (this.#failures === failuresInARow) this.#openUntil = performance.now() + openMilliseconds
  }
}
