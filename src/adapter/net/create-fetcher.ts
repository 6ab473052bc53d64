import { UpstreamError } from '../../core/error/upstream-error.js'
import { FetchError, type FetchAnswer, type FetchRequest, type Fetcher } from '../../core/runtime/fetcher.js'
import { silentTracer, type Span, type Tracer } from '../../core/runtime/tracer.js'
import { Turnstile } from '../../core/runtime/turnstile.js'
import { exchange } from './exchange.js'
import { readTarget, type FetchTarget } from './fetch-target.js'
import { openConnection } from './open-connection.js'
import { sharedLookup, systemLookup, type Lookup } from './shared-lookup.js'

export interface FetcherOptions {
  /** PEM certificates of authorities that are trusted besides those that Node brings along. */
  readonly ca?: readonly string[]
  /** How long a request may take, from the lookup of the name to the end of the body. Default: 3 s. */
  readonly milliseconds?: number
  /** How large a body may be. Default: 256 KiB. */
  readonly mostBytes?: number
  /** How long a URL may be. Default: 2,048 characters. */
  readonly mostUrlCharacters?: number
  /** How many requests go to one host at the same time, while the next wait within their own time. Default: 8. */
  readonly atOnce?: number
  /** Default: the lookup of this computer. */
  readonly lookup?: Lookup
  readonly tracer?: Tracer
}

/** How many wait for the same host; whoever comes then is told at once. */
const mostWaiting = 100

/**
 * The way to addresses that somebody else named. Every address of a name is checked and only what was checked is connected to, the
 * certificate always counts, nothing is followed, kept or unpacked, and no environment variable leads anywhere else. A host that hangs
 * holds up nobody but those who ask it.
 */
export function createFetcher(options: FetcherOptions = {}): Fetcher {
  return new NetworkFetcher(options)
}

class NetworkFetcher implements Fetcher {
  readonly #ca: readonly string[]
  readonly #milliseconds: number
  readonly #mostBytes: number
  readonly #mostUrlCharacters: number | undefined
  readonly #lookup: Lookup
  readonly #tracer: Tracer
  readonly #hosts: Turnstile

  constructor(options: FetcherOptions) {
    const { ca = [], milliseconds = 3_000, mostBytes = 256 * 1024, atOnce = 8, lookup = systemLookup, tracer } = options
    this.#ca = ca
    this.#milliseconds = milliseconds
    this.#mostBytes = mostBytes
    this.#mostUrlCharacters = options.mostUrlCharacters
    this.#lookup = sharedLookup(lookup)
    this.#tracer = tracer ?? silentTracer
    this.#hosts = new Turnstile({ atOnce, waiting: mostWaiting, milliseconds })
  }

  async fetch(request: FetchRequest): Promise<FetchAnswer> {
    const target = readTarget(request, this.#mostUrlCharacters)
    const { method = 'GET' } = request
    return await this.#tracer.trace({ name: method, kind: 'client' }, async (span) => {
      if (span.recording) describe(span, target, method)
      try {
        const answer = await this.#inTurn(request, target)
        span.set('http.response.status_code', answer.status)
        return answer
      } catch (error) {
        if (request.signal?.aborted === true) throw request.signal.reason
        const failure = failureOf(target.host, error)
        span.set('authsec.reason', failure.failure)
        throw failure
      }
    })
  }

  async #inTurn(request: FetchRequest, target: FetchTarget): Promise<FetchAnswer> {
    const ending = new AbortController()
    const { signal } = ending
    const timer = setTimeout(() => {
      ending.abort(new FetchError('timeout', `${target.host}: no answer in time`))
    }, this.#milliseconds)
    const end = (): void => ending.abort(request.signal?.reason)
    request.signal?.addEventListener('abort', end, { once: true })
    if (request.signal?.aborted === true) end()
    try {
      const asked = this.#hosts.pass(target.host, () => this.#ask(request, target, signal))
      return await Promise.race([asked, aborted(signal)])
    } finally {
      clearTimeout(timer)
      request.signal?.removeEventListener('abort', end)
      // Whatever has not been read by now is not wanted.
      ending.abort()
    }
  }

  async #ask(request: FetchRequest, target: FetchTarget, signal: AbortSignal): Promise<FetchAnswer> {
    const [lookup, ca, mostBytes] = [this.#lookup, this.#ca, this.#mostBytes]
    const asked = openConnection(target, { lookup, ca, signal }).then((socket) =>
      exchange({ request, target, socket, mostBytes }),
    )
    // A lookup cannot be ended, but its place is wanted by others.
    return await Promise.race([asked, aborted(signal)])
  }
}

function aborted(signal: AbortSignal): Promise<never> {
  return new Promise((_resolve, reject) => {
    const end = (): void => {
      reject(signal.reason)
    }
    if (signal.aborted) end()
    else signal.addEventListener('abort', end, { once: true })
  })
}

/** What went wrong, without what Node attaches to its errors: bytes of an answer can repeat a secret that was sent. */
function failureOf(host: string, error: unknown): FetchError {
  if (error instanceof FetchError) return error
  if (error instanceof UpstreamError) return new FetchError('timeout', `${host}: too many requests wait for it`)
  const { code } = Object(error) as { readonly code?: unknown }
  if (code === 'HPE_HEADER_OVERFLOW') return new FetchError('too-large', `${host}: its headers are too large`)
  if (typeof code !== 'string') return new FetchError('unreachable', `${host}: it cannot be reached`)
  return new FetchError('unreachable', `${host}: it cannot be reached (${code})`, { code })
}

/** Neither path nor query: what stands in them may be secret. */
function describe(span: Span, { hostname, port }: FetchTarget, method: string): void {
  span.set('http.request.method', method)
  span.set('server.address', hostname)
  span.set('server.port', port)
}
