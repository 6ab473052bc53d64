import type { SigningKey, SigningKeyStore } from '../../src/core/identity/signing-key-store.js'

/** Signing keys in memory: newest first, counts how often it is asked, and can be down or hang. */
export class MemorySigningKeys implements SigningKeyStore {
  #keys: readonly SigningKey[]
  #state: 'up' | 'down' | 'hanging' = 'up'
  #listed = 0

  constructor(...keys: readonly SigningKey[]) {
    this.#keys = keys
  }

  /** How often the keys were asked for. */
  get listed(): number {
    return this.#listed
  }

  async list(): Promise<readonly SigningKey[]> {
    this.#listed += 1
    await new Promise(setImmediate)
    if (this.#state === 'down') throw new TypeError('the store is down')
    if (this.#state === 'hanging') return new Promise(() => undefined)
    return this.#keys
  }

  async ensure(key: SigningKey): Promise<readonly SigningKey[]> {
    if (this.#keys.length === 0) this.#keys = [key]
    return this.list()
  }

  rotateTo(key: SigningKey): void {
    this.#keys = [key, ...this.#keys]
  }

  remove(kid: string): void {
    this.#keys = this.#keys.filter((key) => key.kid !== kid)
  }

  set state(state: 'up' | 'down' | 'hanging') {
    this.#state = state
  }
}
