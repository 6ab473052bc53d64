import {
  allowInsecureRequests,
  ClientSecretBasic,
  clockTolerance,
  customFetch,
  discovery,
  enableNonRepudiationChecks,
  type Configuration,
  type CustomFetch,
  type ServerMetadata,
} from 'openid-client'
import type { Clock } from '../../core/runtime/clock.js'
import { requestSeconds } from './bounded-fetch.js'
import { refusal } from './provider-failure.js'
import { isLoopbackHttp } from './provider-url.js'

const freshFor = 60 * 60 * 1000
const toleranceSeconds = 60
const usedEndpoints = ['authorization_endpoint', 'token_endpoint', 'jwks_uri'] as const

export interface DiscoveryOptions {
  readonly issuer: string
  readonly clientId: string
  readonly clientSecret: string
  readonly fetch: CustomFetch
  readonly clock: Clock
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
    const { issuer, clientId, clientSecret, clock, fetch } = this.#options
    const at = clock.now()
    const url = new URL(issuer)
    const insecure = isLoopbackHttp(url) ? [allowInsecureRequests] : []
    const client = { [clockTolerance]: toleranceSeconds }
    const configuration = await discovery(url, clientId, client, ClientSecretBasic(clientSecret), {
      [customFetch]: fetch,
      timeout: requestSeconds,
      // Without these the library takes an ID token from the token endpoint at its word, whoever signed it.
      execute: [enableNonRepudiationChecks, ...insecure],
    })
    requireSoundMetadata(configuration.serverMetadata(), url, issuer)
    this.#known = { configuration, at }
    return configuration
  }
}

/** What the library does not ask: a byte-equal issuer (RFC 8414 §3.3), endpoints of the same origin, PKCE with S256 (OAuth 2.1 §4.1.1). */
function requireSoundMetadata(metadata: ServerMetadata, url: URL, issuer: string): void {
  if (metadata.issuer !== issuer) throw refusal('the metadata is of another issuer')
  for (const name of usedEndpoints) {
    if (!isOfOrigin(metadata[name], url.origin)) throw refusal(`the ${name} is not an address of the issuer's origin`)
  }
  const methods: unknown = metadata.code_challenge_methods_supported
  if (!Array.isArray(methods) || !methods.includes('S256')) throw refusal('the issuer does not offer PKCE with S256')
}

function isOfOrigin(endpoint: unknown, origin: string): boolean {
  if (typeof endpoint !== 'string' || !URL.canParse(endpoint)) return false
  const url = new URL(endpoint)
  return url.origin === origin && url.username === '' && url.password === '' && url.hash === ''
}
