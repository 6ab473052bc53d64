import type { Clock } from '../../../core/runtime/clock.js'
import type { FetchAnswer, Fetcher } from '../../../core/runtime/fetcher.js'
import type { TrustedIssuer } from '../../../core/trust/trusted-issuer.js'
import { failureOf, issuerFault, statusOutage } from './issuer-fault.js'
import { isShared } from './issuer-claim.js'

/** What an issuer says of itself (RFC 8414 §2, OpenID Connect Discovery §3), as far as it is used. */
export interface IssuerMetadata {
  /** Which document says it. */
  readonly url: string
  readonly jwksUri: string
  readonly introspectionEndpoint: string | undefined
}

const freshFor = 60 * 60 * 1000

export interface IssuerMetadataOptions {
  readonly trusted: TrustedIssuer
  readonly fetcher: Fetcher
  readonly clock: Clock
}

/** Reads an issuer's metadata, once an hour for all who ask. */
export class IssuerMetadataReader {
  readonly #options: IssuerMetadataOptions
  #known: { readonly metadata: IssuerMetadata; readonly at: number } | undefined
  #reading: Promise<IssuerMetadata> | undefined

  constructor(options: IssuerMetadataOptions) {
    this.#options = options
  }

  /** Throws `ConfigurationError` where it says what cannot be, `UpstreamError` where it does not answer. */
  async read(): Promise<IssuerMetadata> {
    const age = this.#known === undefined ? -1 : this.#options.clock.now() - this.#known.at
    if (this.#known !== undefined && age >= 0 && age < freshFor) return this.#known.metadata
    this.#reading ??= this.#readAnew().finally(() => {
      this.#reading = undefined
    })
    return this.#reading
  }

  /** What it points to has moved: it is read again next time. */
  forget(): void {
    this.#known = undefined
  }

  async #readAnew(): Promise<IssuerMetadata> {
    const { clock, fetcher, trusted } = this.#options
    const { issuer, keys, reach } = trusted
    if (keys.kind !== 'discovery')
      throw issuerFault(issuer, 'its metadata is not looked at, since its keys have an address')
    const at = clock.now()
    for (const url of keys.metadataUrls) {
      const answer = await ask(() => fetcher.fetch({ url, reach, headers: { accept: 'application/json' } }), issuer)
      if (answer.status >= 500 || answer.status === 429) throw statusOutage(issuer, url, answer.status)
      if (answer.status !== 200) continue
      const metadata = metadataIn(answer, trusted, url)
      this.#known = { metadata, at }
      return metadata
    }
    throw issuerFault(issuer, `it has no metadata at ${keys.metadataUrls.join(' or ')}`)
  }
}

/** Does what asks an issuer. Throws `ConfigurationError` or `UpstreamError`. */
export async function ask(fetch: () => Promise<FetchAnswer>, issuer: string): Promise<FetchAnswer> {
  try {
    return await fetch()
  } catch (error) {
    throw failureOf(issuer, error)
  }
}

/** The JSON object in an answer. Throws `ConfigurationError`. */
export function objectIn({ body }: FetchAnswer, issuer: string, what: string): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(body))
    if (isObject(value)) return value
  } catch {
    // Not JSON: said below.
  }
  throw issuerFault(issuer, `${what} is not a JSON object`)
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** A byte-equal issuer (RFC 8414 §3.3), and endpoints where its own may be. */
function metadataIn(answer: FetchAnswer, trusted: TrustedIssuer, url: string): IssuerMetadata {
  const { issuer } = trusted
  const document = objectIn(answer, issuer, `its metadata at ${url}`)
  // The document that all directories share names none (Microsoft identity platform, OpenID Connect discovery).
  const expected = isShared(issuer) ? issuer.replace('{tid}', '{tenantid}') : issuer
  const named = document['issuer']
  if (named !== expected)
    throw issuerFault(issuer, `its metadata at ${url} is of another issuer, ${shortJson(named)}: compared byte by byte`)
  return {
    url,
    jwksUri: endpointIn(document, 'jwks_uri', trusted),
    introspectionEndpoint:
      document['introspection_endpoint'] === undefined
        ? undefined
        : endpointIn(document, 'introspection_endpoint', trusted),
  }
}

function endpointIn(
  document: Readonly<Record<string, unknown>>,
  name: string,
  { issuer, keys }: TrustedIssuer,
): string {
  const value = document[name]
  const url = typeof value === 'string' ? URL.parse(value) : null
  if (typeof value !== 'string' || url === null) throw issuerFault(issuer, `its metadata has no usable ${name}`)
  const origins = [
    new URL(issuer.replace('{tid}', 'common')).origin,
    ...(keys.kind === 'discovery' ? keys.origins : []),
  ]
  if (origins.includes(url.origin) && url.username === '' && url.password === '' && url.hash === '') return value
  throw issuerFault(
    issuer,
    `its ${name} is on another origin, ${shortJson(url.origin)}; add that to origins (--origin) if it is right`,
  )
}

const longestShown = 200

/** What somebody else has written, for a message. */
function shortJson(value: unknown): string {
  return (JSON.stringify(value) ?? 'none').slice(0, longestShown)
}
