import type { Keyring } from '../../credential/keyring.js'
import type { Tenant } from '../../identity/tenant.js'
import type { ServiceSignInRequest } from './service-authorization.js'

/** What sign-ins at services are kept under: digests, each good in its tenant alone. */
export class ConnectKeys {
  readonly #keyring: Keyring

  constructor(keyring: Keyring) {
    this.#keyring = keyring
  }

  link(tenant: Tenant, secret: string): string {
    return this.#digest('service-link', tenant, secret)
  }

  state(tenant: Tenant, state: string): string {
    return this.#digest('service-sign-in-state', tenant, state)
  }

  browser(tenant: Tenant, browser: string): string {
    return this.#digest('service-sign-in-browser', tenant, browser)
  }

  /** The state goes through browsers; what is derived from it can be made here alone, and is stored nowhere. */
  request(tenant: Tenant, redirectUri: string, state: string): ServiceSignInRequest {
    return { redirectUri, state, codeVerifier: this.#digest('service-sign-in-verifier', tenant, state) }
  }

  #digest(purpose: string, { id }: Tenant, value: string): string {
    return this.#keyring.digest(purpose, JSON.stringify([id, value]))
  }
}
