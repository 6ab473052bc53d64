import { randomBytes, randomUUID } from 'node:crypto'
import type { Clock } from '../../../src/core/runtime/clock.js'

export interface FakeTokenOptions {
  readonly policies: readonly string[]
  /** 0: for good. */
  readonly ttl: number
  /** From when it was made; 0: without end. */
  readonly maxTtl?: number
  readonly renewable?: boolean
}

export interface FakeToken {
  readonly id: string
  readonly accessor: string
  readonly policies: readonly string[]
  readonly ttl: number
  readonly renewable: boolean
  /** Milliseconds since the epoch. */
  readonly endsAt: number
  expiresAt: number
}

/** The tokens of a namespace. */
export class FakeTokens {
  readonly #clock: Clock
  readonly #tokens = new Map<string, FakeToken>()

  constructor(clock: Clock) {
    this.#clock = clock
  }

  make({ policies, ttl, maxTtl = 0, renewable = true }: FakeTokenOptions): FakeToken {
    const now = this.#clock.now()
    const made: FakeToken = {
      ...{ id: `hvs.${randomBytes(24).toString('base64url')}`, accessor: randomUUID(), policies, ttl, renewable },
      endsAt: maxTtl === 0 ? Infinity : now + maxTtl * 1000,
      expiresAt: ttl === 0 ? Infinity : now + ttl * 1000,
    }
    this.#tokens.set(made.id, made)
    return made
  }

  find(id: string | undefined): FakeToken | undefined {
    const token = this.#tokens.get(id ?? '')
    return token !== undefined && token.expiresAt > this.#clock.now() ? token : undefined
  }

  /** How many are good. */
  get alive(): number {
    return [...this.#tokens.keys()].filter((id) => this.find(id) !== undefined).length
  }

  renew(token: FakeToken, increment: number): void {
    const wanted = this.#clock.now() + (increment === 0 ? token.ttl : increment) * 1000
    token.expiresAt = Math.min(wanted, token.endsAt)
  }

  revoke(id: string): void {
    this.#tokens.delete(id)
  }

  /** Seconds that are left; 0: for good. */
  left({ expiresAt }: FakeToken): number {
    return expiresAt === Infinity ? 0 : Math.ceil((expiresAt - this.#clock.now()) / 1000)
  }

  /** As a login and a renewal answer. */
  describe(token: FakeToken): object {
    const { id, accessor, policies, renewable } = token
    return {
      ...{ client_token: id, accessor, policies, token_policies: policies, metadata: null, renewable },
      ...{ lease_duration: this.left(token), entity_id: '', token_type: 'service', orphan: true, num_uses: 0 },
    }
  }
}
