import {
  createTokenVerifier,
  type OwnIssuerOptions as VerifierOptions,
} from '../../src/adapter/token/create-token-verifier.js'
import { AuthSecError } from '../../src/core/error/auth-sec-error.js'
import type { Log } from '../../src/core/runtime/log.js'
import type { TokenVerifier, VerifiedToken } from '../../src/core/identity/verified-token.js'
import { ManualClock } from './manual-clock.js'
import { MemorySigningKeys } from './memory-signing-keys.js'
import { createSigningKey, TokenForge, type ForgedToken } from './token-forge.js'

export interface OwnIssuerOptions extends Partial<
  Pick<VerifierOptions, 'issuer' | 'skewSeconds' | 'maxLifetimeSeconds'>
> {
  readonly clock?: ManualClock
  readonly log?: Log
}

/** Our issuer in miniature: one key, a clock that stands still, and the verifier under test. */
export class OwnIssuer {
  readonly issuer: string
  readonly resource = 'https://mcp.acme.example/mcp'
  readonly clock: ManualClock
  readonly key = createSigningKey()
  readonly store = new MemorySigningKeys(this.key)
  readonly forge: TokenForge
  readonly verifier: TokenVerifier

  constructor({
    issuer = 'https://auth.acme.example',
    clock = new ManualClock(),
    log,
    ...options
  }: OwnIssuerOptions = {}) {
    this.issuer = issuer
    this.clock = clock
    this.forge = this.forgeWith(this.key)
    this.verifier = createTokenVerifier({ own: { ...options, issuer, keys: this.store }, clock, log })
  }

  /** A forge of this issuer that signs with another key. */
  forgeWith(key: OwnIssuer['key']): TokenForge {
    return new TokenForge({ issuer: this.issuer, resource: this.resource, key, now: () => this.clock.seconds })
  }

  /** Verifies what the forge makes of `forged`. */
  verify(forged: ForgedToken = {}): Promise<VerifiedToken> {
    return this.verifier.verify(this.forge.sign(forged), this.resource)
  }

  /** `accepted`, or the code of the refusal of a token. Whatever is not one of our errors is thrown on. */
  async outcomeOf(token: string): Promise<string> {
    try {
      await this.verifier.verify(token, this.resource)
      return 'accepted'
    } catch (error) {
      if (error instanceof AuthSecError) return String(error.code)
      throw error
    }
  }

  /** `accepted`, or the code of the refusal of what the forge makes of `forged`. */
  outcome(forged: ForgedToken = {}): Promise<string> {
    return this.outcomeOf(this.forge.sign(forged))
  }
}
