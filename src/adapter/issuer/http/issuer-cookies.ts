import { randomBytes } from 'node:crypto'
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { PublicUrl } from './public-url.js'

/** What is said when one of our cookies comes twice. */
export const doubledCookies =
  'Your browser sent a sign-in cookie twice. Delete the cookies of this site and start again.'

const browserSeconds = 180 * 24 * 60 * 60

/** The cookies of the authorization server, named for where they live. */
export class IssuerCookies {
  /** The names for the provider: its session goes to every path, the other two only to their own. */
  readonly names: { readonly session: string; readonly interaction: string; readonly resume: string }
  readonly #browser: string
  readonly #secure: boolean

  /**
   * Over https the names carry the browser's own promises (RFC 6265bis §4.1.3). On loopback http, where some browsers
   * drop Secure cookies and all ports share one jar, the port tells servers apart.
   */
  constructor(url: PublicUrl) {
    const nameOf = (prefix: string, name: string): string =>
      url.secure ? `${prefix}authsec_${name}` : `authsec_${name}_${url.port}`
    this.names = {
      session: nameOf('__Host-', 'session'),
      interaction: nameOf('__Secure-', 'interaction'),
      resume: nameOf('__Secure-', 'resume'),
    }
    this.#browser = nameOf('__Host-', 'browser')
    this.#secure = url.secure
  }

  /** Whether a cookie of ours was sent twice: another path or a sibling domain then speaks for the user. */
  hasDoubles(request: IncomingMessage): boolean {
    const ours = [this.#browser, ...Object.values(this.names)].flatMap((name) => [name, `${name}.sig`])
    return ours.some((name) => valuesOf(request, name).length > 1)
  }

  /** The random value that stands for this browser, if it has been given one. */
  browserOf(request: IncomingMessage): string | undefined {
    const [value] = valuesOf(request, this.#browser)
    return value !== undefined && /^[A-Za-z0-9_-]{43}$/.test(value) ? value : undefined
  }

  /** The same, giving the browser one where it has none. */
  ensureBrowser(request: IncomingMessage, response: ServerResponse): string {
    const known = this.browserOf(request)
    if (known !== undefined) return known
    const value = randomBytes(32).toString('base64url')
    const secure = this.#secure ? '; Secure' : ''
    response.appendHeader(
      'set-cookie',
      `${this.#browser}=${value}; Path=/; Max-Age=${browserSeconds}; HttpOnly; SameSite=Lax${secure}`,
    )
    return value
  }
}

function valuesOf(request: IncomingMessage, name: string): readonly string[] {
  const pairs = (request.headers.cookie ?? '').split(';').map((pair) => pair.trim())
  return pairs.filter((pair) => pair.startsWith(`${name}=`)).map((pair) => pair.slice(name.length + 1))
}
