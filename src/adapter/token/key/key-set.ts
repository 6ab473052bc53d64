import type { CryptoKey } from 'jose'
import { LRUCache } from 'lru-cache'
import { UpstreamError } from '../../../core/error/upstream-error.js'
import type { Clock } from '../../../core/runtime/clock.js'
import type { Log } from '../../../core/runtime/log.js'
import type { SigningAlgorithm } from '../../../core/trust/trusted-issuer.js'
import type { KeyReference } from '../jwt/token-header.js'
import { issuerFault, issuerOutage } from '../issuer/issuer-fault.js'
import { notForSignatures, vetKey, type PublishedKey, type VerificationKey } from './verification-key.js'

const second = 1000
/** How long known keys serve on while their source does not answer. */
const staleFor = 24 * 60 * 60 * second
const maxKeys = 100
const unknownKids = { max: 1000, for: 30 * second }

/** When the keys of a source are looked at again. In milliseconds. */
export interface KeyTimes {
  /** Known keys are looked up again after this, so that a removed key does not last. */
  readonly freshFor: number
  /** From then on tokens wait for that; before, it goes on beside them. */
  readonly waitAfter: number
  /** How often unknown names may cause a look at the source, however many tokens name one. */
  readonly searchEvery: number
  /** How soon a source that failed is asked again. */
  readonly retryAfter: number
  /** How long it is waited for. */
  readonly loadWithin: number
}

/** Of a source that is a query away. */
export const nearTimes: KeyTimes = {
  freshFor: 60 * second,
  waitAfter: 60 * second,
  searchEvery: 5 * second,
  retryAfter: second,
  loadWithin: 3 * second,
}

/** Of a source that is somebody else's server. */
export const remoteTimes: KeyTimes = {
  freshFor: 60 * second,
  waitAfter: 5 * 60 * second,
  searchEvery: 10 * second,
  retryAfter: 5 * second,
  loadWithin: 6 * second,
}

export interface KeySource {
  load(): Promise<readonly PublishedKey[]>
  /** Another text as soon as the keys may be others than those loaded before: then they serve nobody until they are loaded again. */
  readonly revision?: (() => string) | undefined
  /** For how many milliseconds keys count from when they were asked for, where nobody would tell of others. */
  readonly lasts?: (() => number | undefined) | undefined
}

export interface KeySetOptions {
  /** For the log: whose keys they are. */
  readonly issuer: string
  readonly algorithms: readonly SigningAlgorithm[]
  readonly source: KeySource
  readonly times: KeyTimes
  readonly clock: Clock
  readonly log?: Log | undefined
}

/** One that its source lists and that is not used. */
interface RefusedKey {
  readonly kid: string | undefined
  readonly reason: string
}

/**
 * The public keys of one issuer. Loads are single flight and bounded in number whatever tokens say; a name that no key has is
 * remembered for half a minute. Known keys outlive an outage of their source.
 */
export class KeySet {
  readonly #options: KeySetOptions
  readonly #unknown = new LRUCache<string, number>({ max: unknownKids.max })
  #keys: readonly VerificationKey[] = []
  #refused: readonly RefusedKey[] = []
  #loading: Promise<void> | undefined
  #loadedAt: number | undefined
  #searchedAt: number | undefined
  #failedAt: number | undefined
  #revision: string | undefined
  /** How many looks at the source have begun. */
  #loads = 0
  /** The look that the keys at hand come from. */
  #current: { readonly load: number; readonly askedAt: number | undefined } = { load: 0, askedAt: undefined }

  constructor(options: KeySetOptions) {
    this.#options = options
  }

  /**
   * The key that goes by this name with this algorithm for tokens of `issuer`, or `undefined` when there is none. Throws `UpstreamError`
   * when the source would have to be asked and does not answer: a new key and a forged name look alike then, and a good token must not
   * be thrown away.
   */
  async find(reference: KeyReference, issuer: string): Promise<CryptoKey | undefined> {
    const loads = this.#loads
    if (!this.#has(reference)) await this.#search(reference)
    if (this.#has(reference)) await this.#refresh(loads)
    const known = this.#has(reference)
    if (known && this.#stand() && !this.#isDoubted(loads)) return this.#keyOf(reference, issuer)
    if (!known && this.#failedAt === undefined) return undefined
    throw new UpstreamError('AUTH_UNAVAILABLE', 'the keys of the issuer are out of reach')
  }

  /**
   * Looks at the source now. Throws `UpstreamError` where it does not answer, `ConfigurationError` where what it answers is wrong or has
   * no key that can be used.
   */
  async warmUp(): Promise<void> {
    await this.#replaceKeys()
    if (this.#keys.length > 0) return
    const reasons = new Set(this.#refused.map(({ reason }) => reason))
    throw issuerFault(this.#options.issuer, ['it has no key that can be used', ...reasons].join('; '))
  }

  #has(reference: KeyReference): boolean {
    return this.#candidates(reference).length > 0
  }

  /** A token that names no key may have been signed with the only one that there is (OpenID Connect Core §10.1). */
  #candidates({ algorithm, kid }: KeyReference): readonly VerificationKey[] {
    if (kid !== undefined) return this.#keys.filter((key) => key.kid === kid)
    const fitting = this.#keys.filter(({ byAlgorithm }) => byAlgorithm.has(algorithm))
    return fitting.length === 1 ? fitting : []
  }

  #keyOf(reference: KeyReference, issuer: string): CryptoKey | undefined {
    const [key] = this.#candidates(reference)
    if (key?.issuer !== undefined && key.issuer !== issuer && !isTemplateOf(key.issuer, issuer)) return undefined
    return key?.byAlgorithm.get(reference.algorithm)
  }

  async #refresh(loads: number): Promise<void> {
    const { times } = this.#options
    // Twice, since a look that had begun before may have come too early.
    for (let look = 0; look < 2 && this.#isDoubted(loads) && this.#mayTry(); look += 1) await this.#load()
    if (!this.#passed(this.#loadedAt, times.freshFor) || !this.#mayTry()) return
    const load = this.#load()
    // During an outage nobody waits for the next attempt while the keys at hand still stand.
    const urgent = this.#passed(this.#loadedAt, times.waitAfter) && this.#failedAt === undefined
    if (urgent || !this.#stand()) await load
  }

  /**
   * Whether the keys at hand may have been taken back. However long a look has taken: it is good for whoever came before it began, so
   * before all but the first `loads`.
   */
  #isDoubted(loads: number): boolean {
    const { source } = this.#options
    if (source.revision?.() !== this.#revision) return true
    const lasts = source.lasts?.()
    return lasts !== undefined && this.#current.load <= loads && this.#passed(this.#current.askedAt, lasts)
  }

  #stand(): boolean {
    return this.#loadedAt !== undefined && this.#options.clock.now() - this.#loadedAt < staleFor
  }

  async #search(reference: KeyReference): Promise<void> {
    await this.#loading
    if (this.#has(reference)) return
    const name = JSON.stringify([reference.kid ?? null, reference.algorithm])
    if (this.#isKnownToBeUnknown(name)) return
    if (this.#loading === undefined && !this.#maySearch()) return
    await this.#load()
    if (this.#failedAt === undefined && !this.#has(reference)) this.#unknown.set(name, this.#options.clock.now())
  }

  /** By the clock at hand, which may be set back: then it is asked again. */
  #isKnownToBeUnknown(name: string): boolean {
    const since = this.#unknown.get(name)
    return since !== undefined && !this.#passed(since, unknownKids.for)
  }

  #maySearch(): boolean {
    if (this.#loadedAt === undefined || this.#failedAt !== undefined) return this.#mayTry()
    if (!this.#passed(this.#searchedAt, this.#options.times.searchEvery)) return false
    this.#searchedAt = this.#options.clock.now()
    return true
  }

  #mayTry(): boolean {
    return this.#failedAt === undefined || this.#passed(this.#failedAt, this.#options.times.retryAfter)
  }

  /** Never rejects: what came of it is in `#keys` and `#failedAt`. */
  #load(): Promise<void> {
    this.#loading ??= this.#tryToReplaceKeys().finally(() => {
      this.#loading = undefined
    })
    return this.#loading
  }

  async #tryToReplaceKeys(): Promise<void> {
    const { clock, issuer, log } = this.#options
    try {
      await this.#replaceKeys()
    } catch (error) {
      this.#failedAt = clock.now()
      log?.write('warn', 'the keys of the issuer could not be loaded', { issuer, error })
    }
  }

  async #replaceKeys(): Promise<void> {
    const { algorithms, clock, issuer, source, times } = this.#options
    const revision = source.revision?.()
    this.#loads += 1
    const current = { load: this.#loads, askedAt: clock.now() }
    const published = await within(times.loadWithin, source.load(), issuer)
    if (published.length > maxKeys) throw issuerFault(issuer, `an issuer has at most ${maxKeys} keys`)
    const vetted = await Promise.all(published.map((jwk) => vetKey(jwk, algorithms)))
    const usable = vetted.flatMap((found) => (found.kind === 'usable' ? [found.key] : []))
    const unique = usable.filter(({ kid }) => kid === undefined || usable.filter((key) => key.kid === kid).length === 1)
    const twins = usable.filter((key) => !unique.includes(key))
    this.#note([
      ...vetted.flatMap((found) => (found.kind === 'refused' ? [found] : [])),
      ...twins.map(({ kid }) => ({ kid, reason: 'its kid is not its own' })),
    ])
    // A key that is still there stays the same object: what was verified with it stands.
    this.#keys = unique.map((key) => this.#keys.find(({ fingerprint }) => fingerprint === key.fingerprint) ?? key)
    this.#loadedAt = clock.now()
    this.#revision = revision
    this.#current = current
    this.#failedAt = undefined
  }

  /** What was said a minute ago is not said again. */
  #note(refused: readonly RefusedKey[]): void {
    const { issuer, log } = this.#options
    const isSaid = (key: RefusedKey): boolean =>
      this.#refused.some(({ kid, reason }) => kid === key.kid && reason === key.reason)
    for (const { kid, reason } of refused.filter((key) => !isSaid(key) && key.reason !== notForSignatures)) {
      log?.write('error', 'a key of the issuer is not sound and is not used', { issuer, kid, reason })
    }
    this.#refused = refused
  }

  /** A clock that was set back counts as passed, so that it never freezes the keys. */
  #passed(since: number | undefined, milliseconds: number): boolean {
    if (since === undefined) return true
    const elapsed = this.#options.clock.now() - since
    return elapsed >= milliseconds || elapsed < 0
  }
}

/** Entra ID publishes the keys of all directories together, and says of each whose it is. */
function isTemplateOf(template: string, issuer: string): boolean {
  const [start, end, more] = template.split('{tenantid}')
  if (start === undefined || end === undefined || more !== undefined) return false
  return issuer.startsWith(start) && issuer.endsWith(end) && issuer.length > start.length + end.length
}

async function within<Value>(milliseconds: number, work: Promise<Value>, issuer: string): Promise<Value> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => {
      reject(issuerOutage(issuer, new TypeError(`no answer within ${milliseconds} ms`)))
    }, milliseconds)
  })
  try {
    return await Promise.race([work, late])
  } finally {
    clearTimeout(timer)
  }
}
