import type { Fetcher } from '../../../core/runtime/fetcher.js'
import type { Introspection, TrustedIssuer } from '../../../core/trust/trusted-issuer.js'
import { parseStrictObject, type JsonObject } from '../../../core/runtime/strict-json.js'
import { issuerFault, issuerOutage } from './issuer-fault.js'
import { ask, type IssuerMetadataReader } from './issuer-metadata.js'

export interface IntrospectorOptions {
  readonly trusted: TrustedIssuer
  readonly introspection: Introspection
  readonly metadata: IssuerMetadataReader
  readonly fetcher: Fetcher
}

/** Asks an issuer what stands behind a token. */
export interface Introspector {
  /**
   * What it says, or `undefined` for a token that is not valid. Throws `UpstreamError` where it is silent, and `ConfigurationError` for
   * an answer that says nothing: whoever shows a token may have brought that about, so it must not count as a silence.
   */
  ask(token: string): Promise<JsonObject | undefined>
}

/** Token introspection (RFC 7662), as the client that is registered for it. */
export class StandardIntrospector implements Introspector {
  readonly #options: IntrospectorOptions

  constructor(options: IntrospectorOptions) {
    this.#options = options
  }

  async ask(token: string): Promise<JsonObject | undefined> {
    const { introspection, trusted } = this.#options
    const answer = await post(this.#options, {
      url: introspection.url ?? (await this.#discovered()),
      headers: { authorization: basicOf(introspection) },
      form: { token, token_type_hint: 'access_token' },
    })
    if (answer.status !== 200) throw failureOf(trusted.issuer, answer.status)
    const said = answer.object
    if (said['active'] !== true) return undefined
    const { token_type: type, token_use: use } = said
    // Refresh tokens are looked up like access tokens (RFC 7662 §2.1); some issuers say which is which.
    if (use !== undefined && use !== 'access_token' && use !== 'access') return undefined
    // RFC 7662 §2.2: as in RFC 6749 §5.1. Another type has to be shown in another way.
    return type === undefined || (typeof type === 'string' && /^bearer$/i.test(type)) ? said : undefined
  }

  async #discovered(): Promise<string> {
    const { metadata, trusted } = this.#options
    const { introspectionEndpoint } = await metadata.read()
    if (introspectionEndpoint !== undefined) return introspectionEndpoint
    throw issuerFault(trusted.issuer, 'its metadata names no introspection_endpoint; say introspection.url')
  }
}

/** What Google says of its access tokens: `tokeninfo` for whom they are, `userinfo` of which hosted domain. */
export class GoogleIntrospector implements Introspector {
  readonly #options: IntrospectorOptions

  constructor(options: IntrospectorOptions) {
    this.#options = options
  }

  async ask(token: string): Promise<JsonObject | undefined> {
    const { introspection, trusted } = this.#options
    const { url, userinfoUrl } = introspection
    if (url === undefined || userinfoUrl === undefined)
      throw issuerFault(trusted.issuer, 'its tokens cannot be looked up')
    const info = await post(this.#options, { url, headers: {}, form: { access_token: token } })
    if (info.status === 400 || info.status === 401) return undefined
    if (info.status !== 200) throw failureOf(trusted.issuer, info.status)
    const user = await get(this.#options, userinfoUrl, token)
    // 403: its scopes do not include who its user is.
    if (user.status === 401 || user.status === 403) return undefined
    if (user.status !== 200) throw failureOf(trusted.issuer, user.status)
    // Two answers about two people would be a mixture of both.
    if (user.object['sub'] !== info.object['sub']) return undefined
    const { hd, name } = user.object
    const said = Object.fromEntries(Object.entries(info.object).filter(([member]) => member !== 'hd'))
    return Object.assign(Object.create(null), said, {
      // Without an end that can be read it is as good as over.
      exp: numberOf(info.object['exp']) ?? '',
      email_verified: info.object['email_verified'] === 'true' || info.object['email_verified'] === true,
      ...(hd === undefined ? {} : { hd }),
      ...(name === undefined ? {} : { name }),
    })
  }
}

interface Answered {
  readonly status: number
  readonly object: JsonObject
}

interface Form {
  readonly url: string
  readonly headers: Readonly<Record<string, string>>
  readonly form: Readonly<Record<string, string>>
}

async function post({ fetcher, trusted }: IntrospectorOptions, { form, headers, url }: Form): Promise<Answered> {
  const { issuer, reach } = trusted
  const sent = { accept: 'application/json', 'content-type': 'application/x-www-form-urlencoded', ...headers }
  const body = new URLSearchParams(form).toString()
  const answer = await ask(() => fetcher.fetch({ url, method: 'POST', reach, headers: sent, body }), issuer)
  return { status: answer.status, object: answer.status === 200 ? strictly(issuer, answer.body) : none }
}

async function get({ fetcher, trusted }: IntrospectorOptions, url: string, token: string): Promise<Answered> {
  const { issuer, reach } = trusted
  const headers = { accept: 'application/json', authorization: `Bearer ${token}` }
  const answer = await ask(() => fetcher.fetch({ url, reach, headers }), issuer)
  return { status: answer.status, object: answer.status === 200 ? strictly(issuer, answer.body) : none }
}

const none: JsonObject = Object.create(null)

/** An answer that can be read in two ways is none; that is the issuer's fault, not the caller's. */
function strictly(issuer: string, body: Uint8Array): JsonObject {
  try {
    return parseStrictObject(body)
  } catch (error) {
    throw issuerFault(issuer, 'what it says of a token can be read in two ways, or not at all', error)
  }
}

/** RFC 6749 §2.3.1: each part is encoded as in a form first. */
function basicOf({ clientId, clientSecret }: Introspection): string {
  const encoded = [clientId, clientSecret].map((part) => new URLSearchParams({ part }).toString().slice('part='.length))
  return `Basic ${Buffer.from(encoded.join(':')).toString('base64')}`
}

/** What servers and those before them answer while they cannot do anything for anybody. */
const silences: ReadonlySet<number> = new Set([429, 502, 503, 504])

function failureOf(issuer: string, status: number): Error {
  if (silences.has(status)) return issuerOutage(issuer, new TypeError(`status ${status}`))
  return status === 401 || status === 403
    ? issuerFault(issuer, `it refuses our client at its introspection (${status})`)
    : issuerFault(issuer, `it does not say what a token is (${status})`)
}

/** Google writes numbers as texts. */
function numberOf(value: unknown): number | undefined {
  return typeof value === 'string' && /^\d{1,15}$/.test(value) ? Number(value) : undefined
}
