import type { ClientOrigin } from '../audit/request-origin.js'
import type { RateLimiter } from '../runtime/rate-limiter.js'
import type { Tenant } from '../identity/tenant.js'
import { LoginExchange, type LoginExchangePorts } from './login-exchange.js'
import type { LoginFailure } from './login-failure.js'
import type { LoginKeys } from './login-keys.js'
import type { LoginRecords } from './login-records.js'
import type { LoginSession } from './login-session.js'
import type { FoundLogin } from './login-store.js'
import {
  beginExchange,
  confirmLogin,
  endLogin,
  loginSeconds,
  randomText,
  startLogin,
  type LoginEnd,
  type LoginRequester,
} from './login-transaction.js'

export interface LoginFlowPorts extends LoginExchangePorts {
  readonly limiter: RateLimiter
  readonly records: LoginRecords
  readonly keys: LoginKeys
}

/** What `oauth_start` answers with. */
export type StartedLogin =
  | {
      readonly outcome: 'started'
      /** Last part of the page's address. */
      readonly id: string
      /** Last part of the address that only the server may open; with it, no code is needed. */
      readonly ticket: string | undefined
      /** Shown in the tool's result and on the page, for people to compare. */
      readonly number: string
    }
  | { readonly outcome: 'limited'; readonly secondsLeft: number }

/** What the page of a login shows to one browser. */
export type LoginView =
  | { readonly kind: 'unknown' }
  | {
      readonly kind: 'confirm'
      readonly requester: LoginRequester
      readonly startedAt: number
      readonly number: string
    }
  /** Confirmed in this browser, not yet back from the provider. */
  | { readonly kind: 'confirmed' }
  | {
      readonly kind: 'code'
      readonly code: string
      readonly email: string
      readonly tenant: Tenant
      readonly number: string
    }
  | { readonly kind: 'ended'; readonly how: LoginEnd }
  /** Another browser has it. */
  | { readonly kind: 'elsewhere' }

/** Where the browser goes next, or why it does not. */
export type LoginStep<Next> = ({ readonly outcome: 'next' } & Next) | LoginRefusal

export interface LoginRefusal {
  readonly outcome: 'refused'
  readonly reason: LoginFailure
}

/** What a browser is known by: the digest of its cookie is kept, and where it is goes on record. */
export interface BrowserVisit extends ClientOrigin {
  readonly browser: string | undefined
}

const startsPerSession = { name: 'login-session', limit: 10, seconds: 600 }
const startsPerAddress = { name: 'login-address', limit: 60, seconds: 600 }
const startsAltogether = { name: 'login-all', limit: 20_000, seconds: 600 }

/**
 * The sign-in with the five tools from the side of the browser: start, confirm, go to the provider, come back. Every step is
 * taken once, by whoever is first, and only by the browser that confirmed.
 */
export class LoginFlow {
  readonly #ports: LoginFlowPorts
  readonly #exchange: LoginExchange
  /** Sessions of this process whose sign-in may end without a code, by their this.#ports.keys. */
  readonly #direct = new Map<string, LoginSession>()

  constructor(ports: LoginFlowPorts) {
    this.#ports = ports
    this.#exchange = new LoginExchange(ports)
  }

  /** Begins a sign-in of this session. With `direct`, a second address is made that needs no code at its end. Throws `UpstreamError`. */
  async start(session: LoginSession, direct: boolean): Promise<StartedLogin> {
    const { keys, limiter, logins, records } = this.#ports
    const admission = await limiter.take([
      { limit: startsPerSession, key: keys.ofCount(session.key) },
      { limit: startsPerAddress, key: keys.ofCount(session.requester.address ?? session.key) },
      { limit: startsAltogether, key: keys.ofCount('') },
    ])
    if (!admission.admitted) {
      records.failed(session.key, 'ERR_LOGIN_LIMITED', session.origin)
      return { outcome: 'limited', secondsLeft: admission.secondsLeft }
    }
    const transaction = startLogin(session.key, session.requester, await logins.now())
    const ticket = direct ? randomText() : undefined
    await logins.create({
      key: this.#ports.keys.ofAddress(transaction.id),
      ticketKey: ticket === undefined ? undefined : this.#ports.keys.ofAddress(ticket),
      stateKey: this.#ports.keys.ofState(transaction.secrets.state),
      transaction,
      expiresIn: loginSeconds,
    })
    if (direct) this.#direct.set(session.key, session)
    records.started(transaction, session.origin)
    return { outcome: 'started', id: transaction.id, ticket, number: this.#ports.keys.numberOf(transaction.id) }
  }

  /** What this browser is to see at the address `id`. Changes nothing. */
  async view(id: string, browser: string | undefined): Promise<LoginView> {
    const login = await this.#ports.logins.find(this.#ports.keys.ofAddress(id))
    if (login === undefined) return { kind: 'unknown' }
    const { transaction } = login
    if (transaction.phase === 'started') {
      const { requester, startedAt } = transaction
      return { kind: 'confirm', requester, startedAt, number: this.#ports.keys.numberOf(transaction.id) }
    }
    if (transaction.browser !== undefined && !this.#ports.keys.isBrowserOf(transaction.browser, browser)) {
      return { kind: 'elsewhere' }
    }
    if (transaction.phase === 'ended') return { kind: 'ended', how: transaction.how }
    // Whoever looks at a page meanwhile has no answer to wait for: the callback shows it, or it was lost.
    if (transaction.phase === 'exchanging') return { kind: 'ended', how: 'failed' }
    if (transaction.phase === 'confirmed') return { kind: 'confirmed' }
    const { code, email, identity } = transaction
    return { kind: 'code', code, email, tenant: identity.tenant, number: this.#ports.keys.numberOf(transaction.id) }
  }

  /** The user recognizes the request: binds it to this browser and answers with where the provider is. */
  async confirm(id: string, visit: BrowserVisit, otherAccount: boolean): Promise<LoginStep<{ readonly url: URL }>> {
    const login = await this.#ports.logins.find(this.#ports.keys.ofAddress(id))
    if (login === undefined) return this.#refuse(id, 'ERR_LOGIN_UNKNOWN', visit)
    if (visit.browser === undefined) return this.#refuse(login.transaction.id, 'ERR_LOGIN_BROWSER', visit)
    const confirmed = await this.#confirmed(login, visit.browser)
    if (confirmed.outcome === 'refused') return this.#refuse(login.transaction.id, confirmed.reason, visit)
    const { secrets } = login.transaction
    return { outcome: 'next', url: await this.#ports.provider.authorizationUrl({ secrets, otherAccount }) }
  }

  /** The user does not want it, or does not know of it: whoever opens the page, until a browser has it. */
  async deny(id: string, visit: BrowserVisit): Promise<LoginStep<object>> {
    const { logins, records } = this.#ports
    const login = await logins.find(this.#ports.keys.ofAddress(id))
    if (login === undefined) return this.#refuse(id, 'ERR_LOGIN_UNKNOWN', visit)
    const { transaction } = login
    if (transaction.phase !== 'started' && !this.#ports.keys.isBrowserOf(transaction.browser, visit.browser)) {
      return this.#refuse(transaction.id, 'ERR_LOGIN_BROWSER', visit)
    }
    const isEarly = transaction.phase === 'started' || transaction.phase === 'confirmed'
    if (!isEarly || !(await logins.advance(login, endLogin(transaction, 'denied')))) {
      return this.#refuse(transaction.id, 'ERR_LOGIN_REPLAYED', visit)
    }
    records.failed(transaction.id, 'ERR_LOGIN_DENIED', visit)
    return { outcome: 'next' }
  }

  /** A form came for it that our page did not send: on record, and nothing else happens. */
  async forged(id: string, visit: BrowserVisit): Promise<LoginRefusal> {
    const login = await this.#ports.logins.find(this.#ports.keys.ofAddress(id))
    return this.#refuse(login?.transaction.id ?? 'form', 'ERR_LOGIN_FORGED', visit)
  }

  /** Another browser opened the page of a sign-in that one has: on record, and nothing else happens. */
  async strayed(id: string, visit: BrowserVisit): Promise<LoginRefusal> {
    const login = await this.#ports.logins.find(this.#ports.keys.ofAddress(id))
    return this.#refuse(login?.transaction.id ?? 'page', 'ERR_LOGIN_BROWSER', visit)
  }

  /** The browser is back from the provider. Answers with the address whose page shows how it went. */
  async comeBack(parameters: URLSearchParams, visit: BrowserVisit): Promise<LoginStep<{ readonly id: string }>> {
    const names = [...parameters.keys()]
    const state = parameters.get('state')
    if (state === null || new Set(names).size !== names.length) {
      return this.#refuse('callback', 'ERR_LOGIN_MALFORMED', visit)
    }
    const login = await this.#ports.logins.findByState(this.#ports.keys.ofState(state))
    if (login === undefined) return this.#refuse('callback', 'ERR_LOGIN_UNKNOWN', visit)
    const { transaction } = login
    if (transaction.phase === 'started') return this.#refuse(transaction.id, 'ERR_LOGIN_BROWSER', visit)
    if (!this.#ports.keys.isBrowserOf(transaction.browser, visit.browser)) {
      return this.#refuse(transaction.id, 'ERR_LOGIN_BROWSER', visit)
    }
    if (transaction.phase !== 'confirmed') return this.#refuse(transaction.id, 'ERR_LOGIN_REPLAYED', visit)
    const exchanging = beginExchange(transaction)
    if (!(await this.#ports.logins.advance(login, exchanging))) {
      return this.#refuse(transaction.id, 'ERR_LOGIN_REPLAYED', visit)
    }
    const taken = { ...login, version: login.version + 1, transaction: exchanging }
    const direct = exchanging.entrance === 'ticket' ? this.#direct.get(exchanging.starter) : undefined
    const reason = await this.#exchange.finish(taken, parameters, direct)
    const { id } = exchanging
    return reason === undefined ? { outcome: 'next', id } : this.#refuse(id, reason, visit)
  }

  /** Whoever confirms first has it; the same browser may go to the provider again until it has come back. */
  async #confirmed(login: FoundLogin, browser: string): Promise<LoginStep<object>> {
    const { transaction } = login
    if (transaction.phase === 'started') {
      const confirmed = confirmLogin(
        transaction,
        this.#ports.keys.ofBrowser(browser),
        login.byTicket ? 'ticket' : 'link',
      )
      if (await this.#ports.logins.advance(login, confirmed)) return { outcome: 'next' }
      return { outcome: 'refused', reason: 'ERR_LOGIN_REPLAYED' }
    }
    if (!this.#ports.keys.isBrowserOf(transaction.browser, browser))
      return { outcome: 'refused', reason: 'ERR_LOGIN_BROWSER' }
    return transaction.phase === 'confirmed'
      ? { outcome: 'next' }
      : { outcome: 'refused', reason: 'ERR_LOGIN_REPLAYED' }
  }

  #refuse(id: string, reason: LoginFailure, visit: BrowserVisit): LoginRefusal {
    this.#ports.records.failed(id, reason, visit)
    return { outcome: 'refused', reason }
  }
}
