import type { Log } from '../../../core/runtime/log.js'
import type { SignInEnd, SignInReference } from '../../../core/sign-in/sign-in-store.js'

interface OwedEnd {
  readonly reference: SignInReference
  readonly how: SignInEnd
}

const retryMilliseconds = 1_000
const most = 10_000

/** Sign-ins that were to end while their tenant's database did not answer: they end as soon as it does. */
export class OwedEnds {
  readonly #end: (reference: SignInReference, how: SignInEnd) => Promise<unknown>
  readonly #log: Log
  readonly #owed = new Map<string, OwedEnd>()
  #timer: NodeJS.Timeout | undefined
  #closed = false

  constructor(end: (reference: SignInReference, how: SignInEnd) => Promise<unknown>, log: Log) {
    this.#end = end
    this.#log = log
  }

  /** Throws `RangeError` where too many are owed already: then nobody may take it for done. */
  add(reference: SignInReference, how: SignInEnd): void {
    if (this.#closed || this.#owed.size >= most) throw new RangeError('too many sign-ins wait to be ended')
    this.#owed.set(reference.key, { reference, how })
    this.#retrySoon()
  }

  /** Tries once more. What cannot be ended even now is told to the operator; it ends by itself when it has been idle. */
  async close(): Promise<void> {
    this.#closed = true
    clearTimeout(this.#timer)
    await this.#retry()
    if (this.#owed.size > 0) this.#log.write('error', 'sign-ins could not be ended', { count: this.#owed.size })
  }

  #retrySoon(): void {
    this.#timer ??= setTimeout(() => void this.#retry(), retryMilliseconds).unref()
  }

  /** One after the other: a database that has just come back has more to do. A tenant that does not answer is left for later. */
  async #retry(): Promise<void> {
    this.#timer = undefined
    const silent = new Set<string>()
    for (const [key, { reference, how }] of [...this.#owed]) {
      if (silent.has(reference.tenant.id)) continue
      try {
        await this.#end(reference, how)
        this.#owed.delete(key)
      } catch (error) {
        silent.add(reference.tenant.id)
        this.#log.write('warn', 'sign-ins wait to be ended', { tenant: reference.tenant.slug, error })
      }
    }
    if (this.#owed.size > 0 && !this.#closed) this.#retrySoon()
  }
}
