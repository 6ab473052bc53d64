import type { Keyring } from '../credential/keyring.js'

/**
 * What the store knows a sign-in by: keyed digests that lead back to none of its secrets, other ones for each application, so
 * that what was started at one server is unknown at another.
 */
export class LoginKeys {
  readonly #keyring: Keyring
  readonly #clientId: string

  /** `clientId` of the application that users sign in to. */
  constructor(keyring: Keyring, clientId: string) {
    this.#keyring = keyring
    this.#clientId = clientId
  }

  /** Of the address of its page. */
  ofAddress(id: string): string {
    return this.#digest('login', id)
  }

  ofState(state: string): string {
    return this.#digest('login-state', state)
  }

  /** Of the cookie of a browser. */
  ofBrowser(browser: string): string {
    return this.#digest('login-browser', browser)
  }

  /** Whether `browser` is the one of this key. Digests are compared, so the time that it takes tells nothing of the cookie. */
  isBrowserOf(key: string | undefined, browser: string | undefined): boolean {
    return key !== undefined && browser !== undefined && this.ofBrowser(browser) === key
  }

  /** Of whoever is counted for a limit. */
  ofCount(who: string): string {
    return JSON.stringify([this.#clientId, who])
  }

  /** Four digits for people to compare. */
  numberOf(id: string): string {
    const digest = Buffer.from(this.#digest('login-number', id), 'base64url')
    return String(digest.readUInt32BE(0) % 10_000).padStart(4, '0')
  }

  #digest(purpose: string, value: string): string {
    return this.#keyring.digest(purpose, JSON.stringify([this.#clientId, value]))
  }
}
