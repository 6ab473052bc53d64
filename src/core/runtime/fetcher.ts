/**
 * How far a request may go. `public`: only addresses of the public internet. `private`: also those of a company's own network and
 * of this computer. Addresses that serve machines their own secrets (link-local, metadata services) are never reached.
 */
export type NetworkReach = 'public' | 'private'

/** A request to an address that a token, tenant or client may have had a say in. */
export interface FetchRequest {
  /** https; http only to this computer, and only with a `private` reach. */
  readonly url: string
  /** Default: `GET`. */
  readonly method?: 'DELETE' | 'GET' | 'HEAD' | 'PATCH' | 'POST' | 'PUT'
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: string | Uint8Array
  /** Default: `public`. */
  readonly reach?: NetworkReach
  /** Ends it early; its reason is thrown then. */
  readonly signal?: AbortSignal
}

/** An answer of any status but a redirect (which 304 is not), read to its end. */
export interface FetchAnswer {
  readonly status: number
  /** By names in lower case; a header that came several times is joined with `, `. */
  readonly headers: ReadonlyMap<string, string>
  readonly body: Uint8Array
}

/**
 * Why there is no answer. `address` and `url`: it may not be reached. `redirect`: it points elsewhere. `too-large` and `timeout`: its
 * answer is not worth waiting for. `unreachable`: nobody is there, or not the one that the certificate is of.
 */
export type FetchFailure = 'address' | 'redirect' | 'timeout' | 'too-large' | 'unreachable' | 'url'

/** A request that got no answer. The message names the host and the reason, nothing that was sent. */
export class FetchError extends Error {
  override readonly name = 'FetchError'
  readonly failure: FetchFailure
  /** What Node.js calls it, such as `ECONNREFUSED`. */
  readonly code?: string

  constructor(failure: FetchFailure, message: string, options: ErrorOptions & { readonly code?: string } = {}) {
    super(message, options)
    this.failure = failure
    if (options.code !== undefined) this.code = options.code
  }
}

/** The only way to an address that somebody else named: checked where it connects, bounded in time and size, never redirected. */
export interface Fetcher {
  /** Throws `FetchError`, and the reason of a signal that ended it. */
  fetch(request: FetchRequest): Promise<FetchAnswer>
}
