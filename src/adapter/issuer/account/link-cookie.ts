import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Keyring } from '../../../core/credential/keyring.js'
import { cookieName, cookieValues, type CookiePlace } from '../http/browser-cookie.js'
import { formatLink, parseLink, type LinkToken } from './account-link.js'

const purpose = 'account-link-cookie'
const seconds = 30 * 60

/** Keeps a link that was opened out of address bar and history: sealed, for the one browser that opened it. */
export class LinkCookie {
  readonly #keyring: Keyring
  readonly #name: string
  readonly #attributes: string

  constructor(keyring: Keyring, place: CookiePlace) {
    this.#keyring = keyring
    this.#name = cookieName(place, '__Host-', 'link')
    // A link in a message leads here from another site: a strict cookie would not come along.
    this.#attributes = `Path=/; HttpOnly; SameSite=Lax${place.secure ? '; Secure' : ''}`
  }

  keep(response: ServerResponse, link: LinkToken, browser: string): void {
    const sealed = Buffer.from(this.#keyring.seal(purpose, Buffer.from(formatLink(link)), browser))
    this.#set(response, sealed.toString('base64url'), seconds)
  }

  forget(response: ServerResponse): void {
    this.#set(response, '', 0)
  }

  /** The link that this browser has opened; `undefined` for none, for two, and for one that another browser was given. */
  linkOf(request: IncomingMessage, browser: string): LinkToken | undefined {
    const [value, another] = cookieValues(request, this.#name)
    if (value === undefined || another !== undefined) return undefined
    try {
      return parseLink(this.#keyring.open(purpose, Buffer.from(value, 'base64url'), browser).toString())
    } catch {
      return undefined
    }
  }

  #set(response: ServerResponse, value: string, age: number): void {
    response.appendHeader('set-cookie', `${this.#name}=${value}; Max-Age=${age}; ${this.#attributes}`)
  }
}
