import { UpstreamError } from '../../../core/error/upstream-error.js'
import { CircuitBreaker } from '../../../core/runtime/circuit-breaker.js'
import { VaultError } from './vault-error.js'

const silence = { outage: 'SECRETS_UNAVAILABLE', message: 'Vault does not answer' } as const

type Settled = { readonly answer: unknown } | { readonly refusal: VaultError }

/** Keeps one part of Vault that is silent from costing everybody the wait; whoever is not let through to ask is told why. */
export class VaultBreaker {
  readonly #breaker = new CircuitBreaker(silence)
  #silence = new VaultError({ kind: 'unreachable' }, silence.message)

  /** What Vault does not do is an answer as well: only silence counts. Throws `VaultError`. */
  async run(ask: () => Promise<unknown>): Promise<unknown> {
    const settled = await this.#run(async (): Promise<Settled> => {
      try {
        return { answer: await ask() }
      } catch (error) {
        if (!(error instanceof VaultError)) throw error
        if (error.answered) return { refusal: error }
        this.#silence = error
        throw error
      }
    })
    if ('refusal' in settled) throw settled.refusal
    return settled.answer
  }

  async #run(ask: () => Promise<Settled>): Promise<Settled> {
    try {
      return await this.#breaker.run(ask)
    } catch (error) {
      if (error instanceof UpstreamError && !(error instanceof VaultError)) {
        throw new VaultError(this.#silence, this.#silence.message)
      }
      throw error
    }
  }
}
