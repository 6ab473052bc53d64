import { randomBytes } from 'node:crypto'
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { PublicUrl } from './public-url.js'

/** Where a cookie lives. */
export type CookiePlace = Pick<PublicUrl, 'secure' | 'port'>

/**
 * The name of a cookie of ours. Over https it carries the browser's own promises (RFC 6265bis §4.1.3). On loopback http, where
 * some browsers drop Secure cookies and all ports share one jar, the port tells servers apart.
 */
export function cookieName(place: CookiePlace, prefix: '__Host-' | '__Secure-', name: string): string {
  return place.secure ? `${prefix}authsec_${name}` : `authsec_${name}_${place.port}`
}

/** Every value that came under this name. */
export function cookieValues(request: IncomingMessage, name: string): readonly string[] {
  const pairs = (request.headers.cookie ?? '').split(';').map((pair) => pair.trim())
  return pairs.filter((pair) => pair.startsWith(`${name}=`)).map((pair) => pair.slice(name.length + 1))
}

/** A cookie with a random value that stands for one browser, and for nothing else. */
export class BrowserCookie {
  readonly #name: string
  readonly #attributes: string

  /** `seconds`: how long the browser keeps it after it was last set. */
  constructor(place: CookiePlace, name: string, seconds: number) {
    this.#name = cookieName(place, '__Host-', name)
    this.#attributes = `Path=/; Max-Age=${seconds}; HttpOnly; SameSite=Lax${place.secure ? '; Secure' : ''}`
  }

  get name(): string {
    return this.#name
  }

  /** Whether it was sent twice: another path or a sibling domain then speaks for the user. */
  isDoubled(request: IncomingMessage): boolean {
    return cookieValues(request, this.#name).length > 1
  }

  /** The value in this browser, if it has been given one. */
  valueOf(request: IncomingMessage): string | undefined {
    const [value] = cookieValues(request, this.#name)
    return value !== undefined && /^[A-Za-z0-9_-]{43}$/.test(value) ? value : undefined
  }

  /** The same, giving the browser one where it has none. */
  ensure(request: IncomingMessage, response: ServerResponse): string {
    return this.valueOf(request) ?? this.renew(request, response)
  }

  /** The same, with its full time ahead of it. */
  renew(request: IncomingMessage, response: ServerResponse): string {
    const value = this.valueOf(request) ?? randomBytes(32).toString('base64url')
    response.appendHeader('set-cookie', `${this.#name}=${value}; ${this.#attributes}`)
    return value
  }
}
