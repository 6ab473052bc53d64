import {
  allowInsecureRequests,
  customFetch,
  discovery,
  None,
  type Configuration,
  type CustomFetch,
  type ServerMetadata,
} from 'openid-client'
import type { Clock } from '../../core/runtime/clock.js'
import { metadataUrlsOf } from '../../core/trust/issuer-url.js'
import { requestSeconds } from './bounded-fetch.js'
import { isLoopbackHttp } from './provider-url.js'

const freshFor = 60 * 60 * 1000

export interface DiscoveryOptions {
  readonly issuer: string
  readonly clientId: string
  readonly fetch: CustomFetch
  readonly clock: Clock
  /** Makes of its metadata what is kept. Throws where that does not hold: nothing but their form has been looked at. */
  readonly open: (metadata: ServerMetadata) => Configuration
}

/** What a provider says of itself (OpenID Connect Discovery §4), read again every hour and after a failure, once for all who wait. */
export class OidcDiscovery {
  readonly #options: DiscoveryOptions
  #known: { readonly configuration: Configuration; readonly at: number } | undefined
  #reading: Promise<Configuration> | undefined

  constructor(options: DiscoveryOptions) {
    this.#options = options
  }

  /** Throws `UpstreamError` where the provider does not answer, and any other error where its answer does not hold. */
  async find(): Promise<Configuration> {
    const age = this.#known === undefined ? -1 : this.#options.clock.now() - this.#known.at
    if (this.#known !== undefined && age >= 0 && age < freshFor) return this.#known.configuration
    this.#reading ??= this.#read().finally(() => {
      this.#reading = undefined
    })
    return this.#reading
  }

  async #read(): Promise<Configuration> {
    const { clock, open } = this.#options
    const at = clock.now()
    const configuration = open(await readMetadata(this.#options))
    this.#known = { configuration, at }
    return configuration
  }
}

/** The metadata as they are, of whichever issuer. Throws like `find`. */
export async function readMetadata(options: Omit<DiscoveryOptions, 'clock' | 'open'>): Promise<ServerMetadata> {
  const { issuer, clientId, fetch } = options
  // By the address of the document: for an issuer the library has rules of its own, and looks past a slash.
  const [url = issuer] = metadataUrlsOf(issuer)
  const execute = isLoopbackHttp(new URL(url)) ? [allowInsecureRequests] : []
  const asked = { [customFetch]: fetch, timeout: requestSeconds, execute }
  return (await discovery(new URL(url), clientId, undefined, None(), asked)).serverMetadata()
}
