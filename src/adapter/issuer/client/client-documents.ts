import { LRUCache } from 'lru-cache'
import {
  FetchError,
  type FetchAnswer,
  type FetchFailure,
  type Fetcher,
  type NetworkReach,
} from '../../../core/runtime/fetcher.js'
import type { Clock } from '../../../core/runtime/clock.js'
import type { Log } from '../../../core/runtime/log.js'
import type { RateLimit, RateLimiter } from '../../../core/runtime/rate-limiter.js'
import { parseStrictObject } from '../../../core/runtime/strict-json.js'

export interface ClientDocumentsPorts {
  readonly fetcher: Fetcher
  /** How far documents may be: in production those of the public internet alone. */
  readonly reach: NetworkReach
  readonly limiter: RateLimiter
  readonly clock: Clock
  readonly log: Log
}

/** What came of asking for a document. `busy`: it was not asked for, since that was done too often. */
export type DocumentOutcome =
  | { readonly kind: 'document'; readonly answer: FetchAnswer }
  | { readonly kind: 'refused'; readonly problem: string }
  | { readonly kind: 'busy' }

/** What is said where the outcome is `busy`. */
export const tooManyDocuments = 'too many client metadata documents are asked for'

interface Known {
  readonly outcome: Exclude<DocumentOutcome, { readonly kind: 'busy' }>
  /** When its host said so. */
  readonly at: number
  /** When it was asked for, be it that nobody answered. */
  readonly askedAt: number
}

/** Each is counted once per look at a host, whatever came of it. */
const fetchesOfCaller: RateLimit = { name: 'client-document-caller', limit: 30, seconds: 60 }
/** Whatever is asked of a host by everybody together; what led to a document is not counted. */
const failuresAtHost: RateLimit = { name: 'client-document-host', limit: 60, seconds: 60 }
/** An outcome stands so long, also a bad one: the provider asks twice for each request that names a bad id. */
const standsMilliseconds = 60_000
/** How long a document is good while its host does not answer: clients must not fall with their web site. */
const staleMilliseconds = 24 * 60 * 60 * 1000
const mostKnown = 256
const mostBytes = 16 * 1024
const longestId = 1024
const mostTurns = 3

/** With these its host has said that there is no such document; with the others it has said nothing. */
const decisive: ReadonlySet<FetchFailure> = new Set(['redirect', 'too-large'])
const tooManyRequests = 429

const unreachable = 'the client_id metadata document cannot be fetched'
const unusable = 'the client_id metadata document is not a JSON object that names this client_id'

/**
 * Client ID Metadata Documents (draft-ietf-oauth-client-id-metadata-document-02): a client's registration is what its id, a URL,
 * leads to. One look at a time for each id, outcomes of either kind are remembered, and looks are counted by who causes them
 * and by where they go.
 */
export class ClientDocuments {
  readonly #ports: ClientDocumentsPorts
  readonly #documents = new LRUCache<string, Known>({ max: mostKnown })
  /** Apart, so that ids that lead nowhere push no client out. */
  readonly #refusals = new LRUCache<string, Known>({ max: mostKnown })
  readonly #pending = new Map<string, Promise<DocumentOutcome>>()

  constructor(ports: ClientDocumentsPorts) {
    this.#ports = ports
  }

  /**
   * What `id` leads to. Looks are counted by the address of `caller`, which is `undefined` where no request is behind them. Throws
   * `UpstreamError` where looks cannot be counted.
   */
  async find(id: string, caller: string | undefined): Promise<DocumentOutcome> {
    if (!isClientIdUrl(id)) return { kind: 'refused', problem: 'the client_id is not a URL in normal form with a path' }
    const known = this.#refusals.get(id) ?? this.#documents.get(id)
    if (known !== undefined && this.#since(known.askedAt) < standsMilliseconds) return known.outcome
    // That somebody else asks too often says nothing of whoever asks at the same time.
    let running = this.#pending.get(id)
    for (let turn = 0; running !== undefined && turn < mostTurns; turn += 1) {
      const outcome = await running
      if (outcome.kind !== 'busy') return outcome
      running = this.#pending.get(id)
    }
    const pending = this.#look(id, caller, known)
    this.#pending.set(id, pending)
    try {
      return await pending
    } finally {
      if (this.#pending.get(id) === pending) this.#pending.delete(id)
    }
  }

  async #look(id: string, caller: string | undefined, known: Known | undefined): Promise<DocumentOutcome> {
    const { limiter } = this.#ports
    const ofCaller = caller === undefined ? [] : [{ limit: fetchesOfCaller, key: caller }]
    const atHost = [{ limit: failuresAtHost, key: new URL(id).hostname }]
    const good = this.#isGood(known) ? known : undefined
    // What strangers ask of a host in vain must not shut out the clients that have their documents there.
    const admission = await limiter.take(good === undefined ? [...ofCaller, ...atHost] : ofCaller)
    if (!admission.admitted) return good?.outcome ?? { kind: 'busy' }
    const outcome = await this.#ask(id, good)
    if (outcome.kind === 'document' && good === undefined) await limiter.giveBack(atHost)
    return outcome
  }

  async #ask(id: string, good: Known | undefined): Promise<Known['outcome']> {
    const now = this.#ports.clock.now()
    const said = await this.#answerOf(id)
    if (said === 'nothing' && good !== undefined) {
      this.#documents.set(id, { ...good, askedAt: now })
      return good.outcome
    }
    // What exactly is behind a name is nobody's business but ours.
    const outcome: Known['outcome'] = said === 'nothing' ? { kind: 'refused', problem: unreachable } : said
    const [kept, dropped] =
      outcome.kind === 'document' ? [this.#documents, this.#refusals] : [this.#refusals, this.#documents]
    kept.set(id, { outcome, at: now, askedAt: now })
    dropped.delete(id)
    return outcome
  }

  /** `nothing`: its host is down, or has more to do than it can. */
  async #answerOf(id: string): Promise<Known['outcome'] | 'nothing'> {
    const { fetcher, log, reach } = this.#ports
    try {
      const answer = await fetcher.fetch({ url: id, reach, headers: { accept: 'application/json' } })
      return answer.status >= 500 || answer.status === tooManyRequests ? 'nothing' : read(id, answer)
    } catch (error) {
      if (!(error instanceof FetchError)) throw error
      log.write('debug', 'a client metadata document was not fetched', { error })
      return decisive.has(error.failure) ? { kind: 'refused', problem: unreachable } : 'nothing'
    }
  }

  #isGood(known: Known | undefined): known is Known {
    return known?.outcome.kind === 'document' && this.#since(known.at) < staleMilliseconds
  }

  /** A clock that was set back makes nothing last. */
  #since(at: number): number {
    const age = this.#ports.clock.now() - at
    return age < 0 ? Infinity : age
  }
}

/** Whether a client id can lead to a document. In normal form: of two spellings of one URL the user would be asked twice, and other servers could be told another one. */
export function isClientIdUrl(id: string): boolean {
  const url = id.length <= longestId ? URL.parse(id) : null
  return url !== null && url.href === id && url.protocol === 'https:' && url.pathname !== '/'
}

function read(id: string, answer: FetchAnswer): Known['outcome'] {
  const type = (answer.headers.get('content-type') ?? '').split(';', 1)[0]?.trim().toLowerCase() ?? ''
  if (answer.status !== 200) return { kind: 'refused', problem: unreachable }
  const fits = answer.body.length <= mostBytes && /^application\/(?:[a-z0-9.-]+\+)?json$/.test(type)
  return fits && names(answer.body, id) ? { kind: 'document', answer } : { kind: 'refused', problem: unusable }
}

/** A document that can be read in two ways is none: others could be told another one. */
function names(body: Uint8Array, id: string): boolean {
  try {
    return parseStrictObject(body)['client_id'] === id
  } catch (error) {
    if (error instanceof SyntaxError) return false
    throw error
  }
}
