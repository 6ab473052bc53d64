import type { CryptoKey } from 'jose'
import { UpstreamError } from '../../core/error/upstream-error.js'
import type { SigningKeyStore } from '../../core/identity/signing-key-store.js'
import type { Clock } from '../../core/runtime/clock.js'
import type { Log } from '../../core/runtime/log.js'
import { importPublicKey } from './import-public-key.js'

const second = 1000
/** Known keys are looked up again after this, so that a removed key does not last. */
const freshFor = 60 * second
/** How often an unknown `kid` may cause a look at the store, however many tokens name one. */
const searchEvery = 5 * second
const retryAfter = 1 * second
/** How long known keys serve on while the store does not answer. */
const staleFor = 24 * 60 * 60 * second
const loadWithin = 3 * second
const maxKeys = 100

export interface KeySetPorts {
  readonly keys: Pick<SigningKeyStore, 'list'>
  readonly clock: Clock
  readonly log?: Log | undefined
}

/**
 * The public keys of one issuer. Loads are single flight and bounded in number whatever tokens say, and nothing is
 * remembered of a `kid` that no key has. Known keys outlive an outage of the store.
 */
export class KeySet {
  readonly #ports: KeySetPorts
  #keys: ReadonlyMap<string, CryptoKey> = new Map()
  #loading: Promise<void> | undefined
  #loadedAt: number | undefined
  #searchedAt: number | undefined
  #failedAt: number | undefined

  constructor(ports: KeySetPorts) {
    this.#ports = ports
  }

  /**
   * The key that goes by `kid`, or `undefined` when the issuer has none. Throws `UpstreamError` when the store would
   * have to be asked and does not answer: a new key and a forged name look alike then, and a good token must not be
   * thrown away.
   */
  async find(kid: string): Promise<CryptoKey | undefined> {
    await (this.#keys.has(kid) ? this.#refresh() : this.#search(kid))
    const key = this.#keys.get(kid)
    if (key !== undefined && this.#stand()) return key
    if (key === undefined && this.#failedAt === undefined) return undefined
    throw new UpstreamError('AUTH_UNAVAILABLE', 'the keys of the issuer are out of reach')
  }

  async #refresh(): Promise<void> {
    if (!this.#passed(this.#loadedAt, freshFor) || !this.#mayTry()) return
    const load = this.#load()
    // During an outage nobody waits for the next attempt while the keys at hand still stand.
    if (this.#failedAt === undefined || !this.#stand()) await load
  }

  #stand(): boolean {
    return this.#loadedAt !== undefined && this.#ports.clock.now() - this.#loadedAt < staleFor
  }

  async #search(kid: string): Promise<void> {
    await this.#loading
    if (this.#keys.has(kid)) return
    if (this.#loading === undefined && !this.#maySearch()) return
    await this.#load()
  }

  #maySearch(): boolean {
    if (this.#loadedAt === undefined || this.#failedAt !== undefined) return this.#mayTry()
    if (!this.#passed(this.#searchedAt, searchEvery)) return false
    this.#searchedAt = this.#ports.clock.now()
    return true
  }

  #mayTry(): boolean {
    return this.#failedAt === undefined || this.#passed(this.#failedAt, retryAfter)
  }

  /** Never rejects: what came of it is in `#keys` and `#failedAt`. */
  #load(): Promise<void> {
    this.#loading ??= this.#replaceKeys().finally(() => {
      this.#loading = undefined
    })
    return this.#loading
  }

  async #replaceKeys(): Promise<void> {
    try {
      this.#keys = await within(loadWithin, this.#read())
      this.#loadedAt = this.#ports.clock.now()
      this.#failedAt = undefined
    } catch (error) {
      this.#failedAt = this.#ports.clock.now()
      this.#ports.log?.write('warn', 'the keys of the issuer could not be loaded', { error })
    }
  }

  async #read(): Promise<ReadonlyMap<string, CryptoKey>> {
    const listed = await this.#ports.keys.list()
    if (listed.length > maxKeys) throw new TypeError(`an issuer has at most ${maxKeys} keys`)
    const found = new Map<string, CryptoKey>()
    for (const key of listed) {
      const imported = await importPublicKey(key)
      const unique = listed.filter((other) => other.kid === key.kid).length === 1
      if (imported !== undefined && unique) found.set(key.kid, imported)
      else this.#ports.log?.write('error', 'a key of the issuer is not sound and is not used', { kid: key.kid })
    }
    return found
  }

  /** A clock that was set back counts as passed, so that it never freezes the keys. */
  #passed(since: number | undefined, milliseconds: number): boolean {
    if (since === undefined) return true
    const elapsed = this.#ports.clock.now() - since
    return elapsed >= milliseconds || elapsed < 0
  }
}

async function within<Value>(milliseconds: number, work: Promise<Value>): Promise<Value> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => {
      reject(new TypeError(`no answer within ${milliseconds} ms`))
    }, milliseconds)
  })
  try {
    return await Promise.race([work, late])
  } finally {
    clearTimeout(timer)
  }
}
