import type { SigningKey, SigningKeyStore } from '../../../core/identity/signing-key-store.js'
import type { Log } from '../../../core/runtime/log.js'
import { ensureSigningKeys } from './signing-keys.js'

/** The key that signs, and then those that are published beside it. */
export type PublishedKeys = readonly [SigningKey, ...SigningKey[]]

export interface FollowedKeysOptions {
  readonly store: SigningKeyStore
  readonly log: Log
  /** Told of the first ones, and whenever others are to be used. */
  readonly onChange: (keys: PublishedKeys) => void
}

/** Much shorter than a key is announced before it signs, and than it is kept after. */
const refreshMilliseconds = 20_000

/** The signing keys as the database has them, looked at again and again: no key signs before every process publishes it. */
export class FollowedKeys {
  readonly #options: FollowedKeysOptions
  readonly #timer: NodeJS.Timeout
  readonly #unfollow: (() => void) | undefined
  #kids: string
  #looking: Promise<void> = Promise.resolve()

  private constructor(options: FollowedKeysOptions, keys: PublishedKeys) {
    this.#options = options
    this.#kids = kidsOf(keys)
    this.#timer = setInterval(() => void this.refresh(), refreshMilliseconds).unref()
    this.#unfollow = options.store.follow?.(() => void this.refresh())
  }

  /** Reads the keys, made where there are none, and follows them. Throws `UpstreamError` and `ConfigurationError`. */
  static async open(options: FollowedKeysOptions): Promise<FollowedKeys> {
    const keys = await ensureSigningKeys(options.store)
    options.onChange(keys)
    return new FollowedKeys(options, keys)
  }

  /** Looks now, one look after the other: an earlier answer never counts after a later one. While that is not possible the keys at hand go on. */
  refresh(): Promise<void> {
    this.#looking = this.#looking.then(() => this.#look())
    return this.#looking
  }

  async #look(): Promise<void> {
    const { log, onChange, store } = this.#options
    try {
      const keys = await ensureSigningKeys(store)
      if (kidsOf(keys) === this.#kids) return
      onChange(keys)
      this.#kids = kidsOf(keys)
      log.write('info', 'the signing keys have changed', { kid: keys[0].kid, published: keys.length })
    } catch (error) {
      log.write('warn', 'the signing keys could not be read again', { error })
    }
  }

  close(): void {
    clearInterval(this.#timer)
    this.#unfollow?.()
  }
}

/** Which one signs counts as well. */
function kidsOf(keys: PublishedKeys): string {
  return JSON.stringify(keys.map(({ kid }) => kid))
}
