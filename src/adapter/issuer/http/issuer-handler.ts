import type { IncomingMessage, ServerResponse } from 'node:http'
import type Provider from 'oidc-provider'
import { UpstreamError } from '../../../core/error/upstream-error.js'
import type { Application } from '../../../core/identity/application.js'
import type { Clock } from '../../../core/runtime/clock.js'
import type { Log } from '../../../core/runtime/log.js'
import { AttemptWindow } from '../sign-in/attempt-window.js'
import { callerOf } from './client-address.js'
import type { InteractionHandler } from '../sign-in/interaction-handler.js'
import { doubledCookies, type IssuerCookies } from './issuer-cookies.js'
import {
  authorizationQuery,
  mountRequest,
  otherLoopbackTarget,
  pinHeaders,
  routeOf,
  splitTarget,
  type Route,
} from './issuer-edge.js'
import { issuerMetadata } from './issuer-metadata.js'
import { renderErrorPage } from '../page/error-page.js'
import { stylesheet } from '../page/stylesheet.js'
import type { IssuerResource } from '../provider/provider-configuration.js'
import { hostNaming, type PublicUrl } from './public-url.js'
import { readBody, withBody } from './read-body.js'
import { errorName } from '../provider/error-name.js'
import {
  allowAnyOrigin,
  sendJson,
  sendPage,
  sendPreflight,
  sendSeeOther,
  sendStylesheet,
  setSecurityHeaders,
} from './send-response.js'

export interface IssuerHandlerParts {
  readonly url: PublicUrl
  readonly provider: Provider
  readonly interactions: InteractionHandler
  readonly cookies: IssuerCookies
  readonly resources: readonly IssuerResource[]
  readonly application: Application
  readonly clock: Clock
  readonly log: Log
}

interface Exchange {
  readonly request: IncomingMessage
  readonly response: ServerResponse
}

type OwnRoute = Extract<Route, { readonly methods: readonly string[] }>

const registrationsPerMinute = 30
const authorizationsPerMinute = 300
/** From everybody together: what nobody uses is gone after an hour, so this is also the most that is kept. */
const registrationsPerHour = 10_000
const mostBodyBytes = 16 * 1024
const openToAnyOrigin: ReadonlySet<Route['kind']> = new Set(['jwks', 'metadata', 'registration', 'token'])

/** The edge of the authorization server: nothing reaches the provider but canonical requests for what it is used for. */
export class IssuerHandler {
  readonly #parts: IssuerHandlerParts
  readonly #callback: ReturnType<Provider['callback']>
  readonly #metadata: ReturnType<typeof issuerMetadata>
  readonly #registrations: AttemptWindow
  readonly #authorizations: AttemptWindow
  readonly #allRegistrations: AttemptWindow

  constructor(parts: IssuerHandlerParts) {
    this.#parts = parts
    this.#callback = parts.provider.callback()
    this.#metadata = issuerMetadata(
      parts.url,
      parts.resources.flatMap(({ scopes }) => scopes),
    )
    const { clock } = parts
    this.#registrations = new AttemptWindow({ limit: registrationsPerMinute, seconds: 60, clock })
    this.#authorizations = new AttemptWindow({ limit: authorizationsPerMinute, seconds: 60, clock })
    this.#allRegistrations = new AttemptWindow({ limit: registrationsPerHour, seconds: 60 * 60, clock })
  }

  /**
   * Answers, or `false` where the path is not the issuer's. Never throws for what a request says. A Host that is not ours
   * comes from a page whose name was made to point here, which our own origin checks would take for us.
   */
  async handle(request: IncomingMessage, response: ServerResponse): Promise<boolean> {
    const route = routeOf(this.#parts.url, splitTarget(request.url ?? '').path)
    if (route.kind === 'foreign') return false
    setSecurityHeaders(response)
    if (hostNaming(this.#parts.url, request.headers.host) === 'foreign') {
      const problem = 'this server does not go by that Host'
      sendJson(response, 421, { error: 'misdirected_request', error_description: problem })
      return true
    }
    try {
      await this.#admit({ request, response }, route)
    } catch (error) {
      this.#fail(response, error)
    }
    return true
  }

  async #admit(exchange: Exchange, route: Exclude<Route, { readonly kind: 'foreign' }>): Promise<void> {
    const { request, response } = exchange
    if (route.kind === 'unknown') return sendJson(response, 404, { error: 'not_found' })
    const open = openToAnyOrigin.has(route.kind)
    if (open) allowAnyOrigin(response)
    if (open && request.method === 'OPTIONS') return sendPreflight(response, route.methods)
    if (!route.methods.includes(request.method ?? '')) {
      response.setHeader('allow', route.methods.join(', '))
      return sendJson(response, 405, { error: 'method_not_allowed' })
    }
    return this.#serve(exchange, route)
  }

  #serve(exchange: Exchange, route: OwnRoute): Promise<void> | void {
    const { request, response } = exchange
    switch (route.kind) {
      case 'stylesheet':
        return sendStylesheet(response, stylesheet)
      case 'metadata':
        return sendJson(response, 200, this.#metadata)
      case 'interaction':
        pinHeaders(this.#parts.url, request)
        return this.#parts.interactions.handle(request, response, route.uid)
      case 'authorization':
        return this.#authorize(exchange)
      case 'resume':
        return this.#resume(exchange)
      case 'registration':
        return this.#register(exchange)
      case 'token':
        return this.#post(exchange, 'invalid_request')
      default:
        return this.#delegate(exchange, splitTarget(request.url ?? '').query)
    }
  }

  #authorize(exchange: Exchange): Promise<void> | void {
    const { request, response } = exchange
    const caller = callerOf(request)
    if (!this.#authorizations.take(caller)) {
      response.setHeader('retry-after', this.#authorizations.secondsLeft(caller))
      return this.#stop(response, 429, 'Too many sign-ins were started from here. Try again in a minute.')
    }
    const elsewhere = otherLoopbackTarget(this.#parts.url, request)
    if (elsewhere !== undefined) return sendSeeOther(response, elsewhere)
    const asked = authorizationQuery(this.#parts.url, splitTarget(request.url ?? '').query)
    if (!asked.valid) return this.#stop(response, 400, asked.problem)
    if (this.#parts.cookies.hasDoubles(request)) return this.#stop(response, 400, doubledCookies)
    return this.#delegate(exchange, asked.query)
  }

  #resume(exchange: Exchange): Promise<void> | void {
    if (this.#parts.cookies.hasDoubles(exchange.request)) return this.#stop(exchange.response, 400, doubledCookies)
    return this.#delegate(exchange, '')
  }

  #register(exchange: Exchange): Promise<void> | void {
    const { request, response } = exchange
    const caller = callerOf(request)
    const limits = [
      { window: this.#registrations, key: caller },
      { window: this.#allRegistrations, key: '' },
    ]
    const spent = limits.find(({ window, key }) => !window.take(key))
    if (spent === undefined) return this.#post(exchange, 'invalid_client_metadata')
    response.setHeader('retry-after', spent.window.secondsLeft(spent.key))
    return sendJson(response, 429, { error: 'slow_down', error_description: 'too many registrations' })
  }

  /** Hands on a body that is not too large; the provider's own limit is a larger one. */
  async #post({ request, response }: Exchange, error: string): Promise<void> {
    const { query } = splitTarget(request.url ?? '')
    const body = await readBody(request, mostBodyBytes)
    if (body !== undefined) return this.#delegate({ request: withBody(request, body), response }, query)
    response.setHeader('connection', 'close')
    sendJson(response, 413, { error, error_description: 'the body is too large' })
  }

  async #delegate({ request, response }: Exchange, query: string): Promise<void> {
    pinHeaders(this.#parts.url, request)
    mountRequest(this.#parts.url, request, query)
    // These endpoints speak JSON to programs, whatever a browser would like best.
    if (request.method === 'POST') request.headers.accept = 'application/json'
    await this.#callback(request, response)
  }

  #stop(response: ServerResponse, status: number, message: string): void {
    const { name } = this.#parts.application
    sendPage(response, status, renderErrorPage({ serverName: name, title: 'Sign-in stopped', message }))
  }

  #fail(response: ServerResponse, error: unknown): void {
    this.#parts.log.write('error', 'a sign-in page failed', { error: errorName(error) })
    if (response.headersSent) {
      response.destroy()
      return
    }
    const unavailable = isOutage(error)
    if (unavailable) response.setHeader('retry-after', 5)
    const message = unavailable ? 'Signing in is not possible right now. Try again soon.' : 'Something went wrong here.'
    this.#stop(response, unavailable ? 503 : 500, message)
  }
}

/** Also an outage that the provider's storage has already put into its own words. */
function isOutage(error: unknown): boolean {
  return error instanceof UpstreamError || (error instanceof Error && error.cause instanceof UpstreamError)
}
