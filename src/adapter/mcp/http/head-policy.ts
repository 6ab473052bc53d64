import type { IncomingMessage } from 'node:http'
import { refusal, type Answer } from './answer.js'
import { challengeOf } from './challenge.js'
import { invalidRequest, serverError } from './json-rpc.js'

/** Headers that decide something: a second copy means that somebody in front of us may have read another one. */
const decisive = [
  'authorization',
  'content-length',
  'content-type',
  'host',
  'mcp-protocol-version',
  'mcp-session-id',
  'origin',
] as const

const bits: ReadonlyMap<string, number> = new Map(decisive.map((name, index) => [name, 1 << index]))

const loopbackOrigin = /^http:\/\/(?:localhost|127\.0\.0\.1|\[::1\])(?::\d{1,5})?$/
const loopbackNames = ['localhost', '127.0.0.1', '[::1]'] as const

export interface HeadPolicyOptions {
  readonly publicUrl: string
  readonly allowedHosts: readonly string[]
  readonly allowedOrigins: readonly string[]
}

/** Which requests are looked at by their head alone: against DNS rebinding, other sites' scripts, and smuggling. */
export class HeadPolicy {
  readonly #hosts: ReadonlySet<string>
  readonly #origins: ReadonlySet<string>
  readonly #loopback: boolean

  constructor({ publicUrl, allowedHosts, allowedOrigins }: HeadPolicyOptions) {
    const url = new URL(publicUrl)
    this.#loopback = loopbackNames.some((name) => name === url.hostname)
    const port = url.port === '' ? '' : `:${url.port}`
    const own = this.#loopback ? loopbackNames.map((name) => name + port) : [url.host]
    this.#hosts = new Set([...own, ...allowedHosts])
    this.#origins = new Set([url.origin, ...allowedOrigins])
  }

  /**
   * The refusal of this request to the resource that is described at `resourceMetadata`, or `undefined` (Model Context Protocol,
   * `basic/transports`, Security Warning).
   */
  check(request: IncomingMessage, origin: string | undefined, resourceMetadata: string): Answer | undefined {
    return duplicateOf(request.rawHeaders, resourceMetadata) ?? this.checkHost(request) ?? this.#checkOrigin(origin)
  }

  /** Byte-exact: a browser under DNS rebinding names the attacker's host. */
  checkHost({ headers }: IncomingMessage): Answer | undefined {
    if (headers.host !== undefined && this.#hosts.has(headers.host)) return undefined
    return refusal(403, { code: serverError, message: 'Forbidden: this server does not go by that Host' })
  }

  /** Byte-exact, and on loopback every `http` origin there. */
  allowsOrigin(origin: string): boolean {
    return this.#origins.has(origin) || (this.#loopback && loopbackOrigin.test(origin))
  }

  #checkOrigin(origin: string | undefined): Answer | undefined {
    if (origin === undefined || this.allowsOrigin(origin)) return undefined
    return refusal(403, { code: serverError, message: 'Forbidden: this Origin is not allowed' })
  }
}

const twoTokens = { code: 'invalid_request', description: 'The request has more than one access token' }

function duplicateOf(rawHeaders: readonly string[], resourceMetadata: string): Answer | undefined {
  let seen = 0
  for (let index = 0; index < rawHeaders.length; index += 2) {
    const name = rawHeaders[index]?.toLowerCase() ?? ''
    const bit = bits.get(name) ?? 0
    if ((seen & bit) !== 0) {
      const challenge = challengeOf({ resourceMetadata, scopes: [], error: twoTokens })
      const headers = name === 'authorization' ? ['WWW-Authenticate', challenge] : []
      return refusal(400, { code: invalidRequest, message: `Invalid Request: duplicate header ${name}` }, headers)
    }
    seen |= bit
  }
  return undefined
}
