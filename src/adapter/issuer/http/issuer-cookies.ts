import type { IncomingMessage, ServerResponse } from 'node:http'
import { BrowserCookie, cookieName, cookieValues } from './browser-cookie.js'
import type { PublicUrl } from './public-url.js'

/** What is said when one of our cookies comes twice. */
export const doubledCookies =
  'Your browser sent a sign-in cookie twice. Delete the cookies of this site and start again.'

const browserSeconds = 180 * 24 * 60 * 60

/** The cookies of the authorization server, named for where they live. */
export class IssuerCookies {
  /** The names for the provider: its session goes to every path, the other two only to their own. */
  readonly names: { readonly session: string; readonly interaction: string; readonly resume: string }
  readonly #browser: BrowserCookie
  readonly #place: PublicUrl

  constructor(url: PublicUrl) {
    this.#place = url
    this.names = {
      session: cookieName(url, '__Host-', 'session'),
      interaction: cookieName(url, '__Secure-', 'interaction'),
      resume: cookieName(url, '__Secure-', 'resume'),
    }
    this.#browser = new BrowserCookie(url, 'browser', browserSeconds)
  }

  /** Whether a cookie of ours was sent twice: another path or a sibling domain then speaks for the user. */
  hasDoubles(request: IncomingMessage): boolean {
    const ours = [this.#browser.name, ...Object.values(this.names)].flatMap((name) => [name, `${name}.sig`])
    return ours.some((name) => cookieValues(request, name).length > 1)
  }

  /** Takes the session from the browser; what it stood for is ended in the store. */
  clearSession(response: ServerResponse): void {
    const attributes = `Path=/; Expires=Thu, 01 Jan 1970 00:00:00 GMT; HttpOnly; SameSite=Lax`
    for (const name of [this.names.session, `${this.names.session}.sig`]) {
      response.appendHeader('set-cookie', `${name}=; ${attributes}${this.#place.secure ? '; Secure' : ''}`)
    }
  }

  /** The random value that stands for this browser, if it has been given one. */
  browserOf(request: IncomingMessage): string | undefined {
    return this.#browser.valueOf(request)
  }

  /** The same, giving the browser one where it has none. */
  ensureBrowser(request: IncomingMessage, response: ServerResponse): string {
    return this.#browser.ensure(request, response)
  }
}
