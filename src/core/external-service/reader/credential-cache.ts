import type { HeldCredential } from '../service-credential.js'
import { mayBeDropped } from './may-be-dropped.js'

/** How long a credential stays in memory, whatever becomes of it elsewhere. */
const mostMilliseconds = 60_000

interface Entry {
  readonly reading: Promise<HeldCredential>
  /** Once it is there. */
  held: HeldCredential | undefined
  /** Since when, by `performance.now()`. */
  heldAt: number
  /** By `performance.now()`; from when on it is read again. */
  readonly until: number
}

/** What a reading is for. Tenants, services, accounts and versions never share an entry. */
export interface CacheKey {
  /** UUIDs. */
  readonly tenant: string
  readonly service: string
  readonly account: string | undefined
  readonly version: number
  /** Of the service, which says what the credential is and where it goes. */
  readonly revision: string
}

/** Credentials in memory: at most so many, at most a minute, and one reading for all who ask at once. Failures are not kept. */
export class CredentialCache {
  readonly #most: number
  readonly #entries = new Map<string, Entry>()

  constructor(most = 1_000) {
    this.#most = most
  }

  /** What `read` answers with, or has answered with a moment ago. */
  get(key: CacheKey, read: () => Promise<HeldCredential>): Promise<HeldCredential> {
    const name = nameOf(key)
    const known = this.#entries.get(name)
    this.#entries.delete(name)
    if (known !== undefined && performance.now() < known.until) {
      // What was used last goes last.
      this.#entries.set(name, known)
      return known.reading
    }
    this.#forget()
    const now = performance.now()
    const entry: Entry = { reading: read(), held: undefined, heldAt: now, until: now + mostMilliseconds }
    this.#entries.set(name, entry)
    entry.reading.then(
      (held) => {
        entry.held = held
        entry.heldAt = performance.now()
      },
      () => {
        if (this.#entries.get(name) === entry) this.#entries.delete(name)
      },
    )
    return entry.reading
  }

  /** Forgets one that does not work, unless it is too young for that or another one has taken its place. */
  drop(key: CacheKey, held: HeldCredential): void {
    const name = nameOf(key)
    const entry = this.#entries.get(name)
    if (entry?.held === held && mayBeDropped(entry.heldAt)) this.#entries.delete(name)
  }

  /** Makes room, and leaves nothing in memory whose time is over. */
  #forget(): void {
    const now = performance.now()
    for (const [name, { until }] of this.#entries) {
      if (until < now || this.#entries.size >= this.#most) this.#entries.delete(name)
    }
  }
}

function nameOf({ account, revision, service, tenant, version }: CacheKey): string {
  return JSON.stringify([tenant, service, account ?? null, version, revision])
}
