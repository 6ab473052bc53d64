import type { Kysely } from 'kysely'
import type { Keyring } from '../../../core/credential/keyring.js'
import { MasterKey } from '../../../core/credential/master-key.js'
import { UpstreamError } from '../../../core/error/upstream-error.js'
import type { Log } from '../../../core/runtime/log.js'
import type { MasterSchema } from '../schema/master-schema.js'
import { dataKeyIdBytes, ensureDataKeys, readDataKeys, type DataKey } from './data-keys.js'

const version = 1
const headerBytes = 1 + dataKeyIdBytes
const refreshMilliseconds = 20_000

/** The installation's own keys, which only its master key opens: they are in master, so that the master key can be another one tomorrow. */
export class StoredKeyring implements Keyring {
  readonly #masterKeys: readonly MasterKey[]
  readonly #log: Log
  /** Newest first. */
  #sealing: readonly DataKey[] = []
  #digesting: MasterKey | undefined
  #timer: NodeJS.Timeout | undefined

  /** `masterKeys`: the current one first; those that were current before still open. */
  constructor(masterKeys: readonly MasterKey[], log: Log) {
    this.#masterKeys = masterKeys
    this.#log = log
  }

  /** Reads the keys, made where there are none, and goes on reading new ones. Throws `ConfigurationError` when no master key opens them. */
  async load(master: Kysely<MasterSchema>): Promise<void> {
    this.#adopt(await ensureDataKeys(master, this.#masterKeys))
    this.#timer ??= setInterval(() => void this.refresh(master), refreshMilliseconds).unref()
  }

  /** Reads what has been added since. What cannot be read now is read later: nothing is sealed with a key before everybody knows it. */
  async refresh(master: Kysely<MasterSchema>): Promise<void> {
    try {
      this.#adopt(await readDataKeys(master, this.#masterKeys))
    } catch (error) {
      this.#log.write('warn', 'the keys of this installation could not be read again', { error })
    }
  }

  close(): void {
    clearInterval(this.#timer)
  }

  seal(purpose: string, plaintext: Uint8Array, context: string): Uint8Array {
    const now = performance.now()
    const active = this.#sealing.find(({ activeAt }) => activeAt <= now)
    if (active === undefined) throw notLoaded()
    const sealed = active.key.seal(purpose, plaintext, context)
    return Buffer.concat([Buffer.from([version]), Buffer.from(active.id, 'hex'), sealed])
  }

  open(purpose: string, sealed: Uint8Array, context: string): Buffer {
    const bytes = Buffer.from(sealed)
    const id = bytes[0] === version ? bytes.subarray(1, headerBytes).toString('hex') : undefined
    const named = this.#sealing.find((known) => known.id === id)
    if (named !== undefined) return named.key.open(purpose, bytes.subarray(headerBytes), context)
    // From before there were several: sealed with the first one, without a name.
    const first = this.#sealing.at(-1)
    if (first === undefined) throw notLoaded()
    return first.key.open(purpose, bytes, context)
  }

  /** Whether `sealed` is sealed with the newest key that is in use. */
  isCurrent(sealed: Uint8Array): boolean {
    const now = performance.now()
    const active = this.#sealing.find(({ activeAt }) => activeAt <= now)
    const bytes = Buffer.from(sealed)
    return bytes[0] === version && bytes.subarray(1, headerBytes).toString('hex') === active?.id
  }

  digest(purpose: string, value: string): string {
    return this.#forDigests().digest(purpose, value)
  }

  derive(purpose: string): Buffer {
    return this.#forDigests().derive(purpose)
  }

  #forDigests(): MasterKey {
    if (this.#digesting === undefined) throw notLoaded()
    return this.#digesting
  }

  #adopt(keys: readonly DataKey[]): void {
    this.#sealing = keys.filter(({ purpose }) => purpose === 'seal')
    this.#digesting = keys.find(({ purpose }) => purpose === 'digest')?.key
  }
}

function notLoaded(): UpstreamError {
  return new UpstreamError('AUTH_UNAVAILABLE', 'the keys of this installation are not loaded')
}
