import type { IncomingMessage, ServerResponse } from 'node:http'
import { originOf } from '../../../core/audit/request-origin.js'
import type Provider from 'oidc-provider'
import { UpstreamError } from '../../../core/error/upstream-error.js'
import type { Application } from '../../../core/identity/application.js'
import type { Log } from '../../../core/runtime/log.js'
import type { RateLimit, RateLimiter } from '../../../core/runtime/rate-limiter.js'
import type { OwnFactorsHandler } from '../account/own-factors-handler.js'
import type { ConnectHandler } from '../connect/connect-handler.js'
import type { ConsentsHandler } from '../consent/consents-handler.js'
import type { FederationCallback } from '../federation/federation-callback.js'
import { BrowserCookie } from './browser-cookie.js'
import { callerOf, onBehalfOf } from './client-address.js'
import type { LogoutHandler } from '../logout/logout-handler.js'
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
import { icon } from '../page/icon.js'
import { stylesheet } from '../page/stylesheet.js'
import { loginCookie, type RelyingParty } from '../provider/relying-party.js'
import type { IssuerResource } from '../provider/issuer-resource.js'
import { hostNaming, type PublicUrl } from './public-url.js'
import { withCanonicalResource } from './canonical-resource.js'
import { readBody, withBody } from './read-body.js'
import { errorName } from '../provider/error-name.js'
import {
  allowAnyOrigin,
  sendAsset,
  sendJson,
  sendPage,
  sendPreflight,
  sendSeeOther,
  setSecurityHeaders,
} from './send-response.js'

export interface IssuerHandlerParts {
  readonly url: PublicUrl
  readonly provider: Provider
  readonly interactions: InteractionHandler
  readonly consents: ConsentsHandler
  /** `undefined` where no operation uses services. */
  readonly connect: ConnectHandler | undefined
  /** `undefined` where there are no second factors. */
  readonly ownFactors: OwnFactorsHandler | undefined
  readonly logout: LogoutHandler
  /** Whether this server asks and tells clients anything by itself. */
  readonly outgoing: 'open' | 'closed'
  readonly cookies: IssuerCookies
  readonly resources: readonly IssuerResource[]
  readonly application: Application
  readonly relyingParty: RelyingParty | undefined
  readonly limiter: RateLimiter
  readonly federation: FederationCallback | undefined
  readonly log: Log
}

interface Exchange {
  readonly request: IncomingMessage
  readonly response: ServerResponse
}

interface OwnPage {
  handle(request: IncomingMessage, response: ServerResponse): Promise<void>
}

type OwnRoute = Extract<Route, { readonly methods: readonly string[] }>

const notAskedFor = 'This sign-in was not begun in this browser. Go back to your assistant and ask it to start again.'
const decidedElsewhere = 'This sign-in belongs to another browser. Go back to the application and start again.'
const registrationsOfCaller: RateLimit = { name: 'registration-caller', limit: 30, seconds: 60 }
const logoutsOfCaller: RateLimit = { name: 'logout-caller', limit: 120, seconds: 60 }
const consentsOfCaller: RateLimit = { name: 'consents-caller', limit: 120, seconds: 60 }
const connectOfCaller: RateLimit = { name: 'connect-caller', limit: 120, seconds: 60 }
const factorsOfCaller: RateLimit = { name: 'factors-caller', limit: 120, seconds: 60 }
const authorizationsOfCaller: RateLimit = { name: 'authorization-caller', limit: 300, seconds: 60 }
/** From everybody together: what nobody uses is gone after an hour, so this is also the most that is kept. */
const allRegistrations: RateLimit = { name: 'registration-all', limit: 10_000, seconds: 60 * 60 }
const mostBodyBytes = 16 * 1024
const openToAnyOrigin: ReadonlySet<Route['kind']> = new Set(['jwks', 'metadata', 'registration', 'token'])

/** The edge of the authorization server: nothing reaches the provider but canonical requests for what it is used for. */
export class IssuerHandler {
  readonly #parts: IssuerHandlerParts
  readonly #callback: ReturnType<Provider['callback']>
  readonly #metadata: ReturnType<typeof issuerMetadata>
  readonly #login: BrowserCookie

  constructor(parts: IssuerHandlerParts) {
    this.#parts = parts
    this.#login = new BrowserCookie(parts.url, loginCookie.name, loginCookie.seconds)
    this.#callback = parts.provider.callback()
    this.#metadata = issuerMetadata(
      parts.url,
      parts.resources.flatMap(({ scopes }) => scopes),
      parts.outgoing,
    )
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
      await onBehalfOf(request, () => this.#admit({ request, response }, route))
    } catch (error) {
      this.#fail(response, route, error)
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
        return sendAsset(response, 'text/css; charset=utf-8', stylesheet)
      case 'icon':
        return sendAsset(response, 'image/svg+xml', icon)
      case 'metadata':
        return sendJson(response, 200, this.#metadata)
      case 'interaction':
        pinHeaders(this.#parts.url, request)
        return this.#parts.interactions.handle(request, response, route.uid)
      case 'consents':
        return this.#showOwn(exchange, this.#parts.consents, consentsOfCaller)
      case 'connect':
        return this.#showOwn(exchange, this.#parts.connect, connectOfCaller)
      case 'factors':
        return this.#showOwn(exchange, this.#parts.ownFactors, factorsOfCaller)
      case 'authorization':
        return this.#authorize(exchange)
      case 'logout':
        return this.#signOut(exchange)
      case 'federation':
        return (
          this.#parts.federation?.handle(request, response, route.provider) ??
          sendJson(response, 404, { error: 'not_found' })
        )
      case 'resume':
        return this.#resume(exchange)
      case 'registration':
        return this.#register(exchange)
      case 'token':
        return this.#post(exchange, 'invalid_request', withCanonicalResource)
      default:
        return this.#delegate(exchange, splitTarget(request.url ?? '').query)
    }
  }

  /** A page of whoever is signed in in this browser. */
  async #showOwn({ request, response }: Exchange, page: OwnPage | undefined, limit: RateLimit): Promise<void> {
    if (page === undefined) return sendJson(response, 404, { error: 'not_found' })
    const admission = await this.#parts.limiter.take([{ limit, key: callerOf(request) }])
    if (!admission.admitted) {
      response.setHeader('retry-after', admission.secondsLeft)
      return this.#stop(response, 429, 'This page was opened too often from here. Try again in a minute.')
    }
    pinHeaders(this.#parts.url, request)
    return page.handle(request, response)
  }

  async #authorize(exchange: Exchange): Promise<void> {
    const { request, response } = exchange
    const { limiter, relyingParty, url } = this.#parts
    const admission = await limiter.take([{ limit: authorizationsOfCaller, key: callerOf(request) }])
    if (!admission.admitted) {
      response.setHeader('retry-after', admission.secondsLeft)
      return this.#stop(response, 429, 'Too many sign-ins were started from here. Try again in a minute.')
    }
    const elsewhere = otherLoopbackTarget(url, request)
    if (elsewhere !== undefined) return sendSeeOther(response, elsewhere)
    const asked = authorizationQuery(url, splitTarget(request.url ?? '').query, relyingParty)
    if (!asked.valid) return this.#stop(response, 400, asked.problem)
    if (this.#parts.cookies.hasDoubles(request)) return this.#stop(response, 400, doubledCookies)
    if (!(await this.#isWanted(request, asked.query))) return this.#stop(response, 400, notAskedFor)
    return this.#delegate(exchange, asked.query)
  }

  /** Our own sign-in pages have asked the user; a request of theirs that comes without having been there is somebody else's. */
  async #isWanted(request: IncomingMessage, query: string): Promise<boolean> {
    const { relyingParty } = this.#parts
    const parameters = new URLSearchParams(query)
    if (relyingParty === undefined || parameters.get('client_id') !== relyingParty.clientId) return true
    const browser = this.#login.isDoubled(request) ? undefined : this.#login.valueOf(request)
    return relyingParty.isAwaited(parameters.get('state') ?? undefined, { ...originOf(request), browser })
  }

  async #signOut({ request, response }: Exchange): Promise<void> {
    const admission = await this.#parts.limiter.take([{ limit: logoutsOfCaller, key: callerOf(request) }])
    if (!admission.admitted) {
      response.setHeader('retry-after', admission.secondsLeft)
      return this.#stop(response, 429, 'Too many sign-outs were asked for from here. Try again in a minute.')
    }
    const elsewhere = otherLoopbackTarget(this.#parts.url, request)
    if (elsewhere !== undefined) return sendSeeOther(response, elsewhere)
    const { query } = splitTarget(request.url ?? '')
    pinHeaders(this.#parts.url, request)
    return this.#parts.logout.handle(request, response, query)
  }

  async #resume(exchange: Exchange): Promise<void> {
    const { request, response } = exchange
    if (this.#parts.cookies.hasDoubles(request)) return this.#stop(response, 400, doubledCookies)
    const uid =
      splitTarget(request.url ?? '')
        .path.split('/')
        .at(-1) ?? ''
    if (!(await this.#parts.interactions.mayGoOn(request, uid))) return this.#stop(response, 400, decidedElsewhere)
    return this.#delegate(exchange, '')
  }

  async #register(exchange: Exchange): Promise<void> {
    const { request, response } = exchange
    const admission = await this.#parts.limiter.take([
      { limit: registrationsOfCaller, key: callerOf(request) },
      { limit: allRegistrations, key: '' },
    ])
    if (admission.admitted) return this.#post(exchange, 'invalid_client_metadata')
    response.setHeader('retry-after', admission.secondsLeft)
    return sendJson(response, 429, { error: 'slow_down', error_description: 'too many registrations' })
  }

  /** Hands on a body that is not too large; the provider's own limit is a larger one. */
  async #post({ request, response }: Exchange, error: string, prepare = (body: Buffer): Buffer => body): Promise<void> {
    const { query } = splitTarget(request.url ?? '')
    const body = await readBody(request, mostBodyBytes)
    if (body !== undefined) return this.#delegate({ request: withBody(request, prepare(body)), response }, query)
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

  #fail(response: ServerResponse, route: Route, error: unknown): void {
    this.#parts.log.write('error', 'an authorization request failed', { error: errorName(error) })
    if (response.headersSent) {
      response.destroy()
      return
    }
    const unavailable = isOutage(error)
    if (unavailable) response.setHeader('retry-after', 5)
    // Programs read JSON; the words are those of the endpoints themselves.
    if (openToAnyOrigin.has(route.kind)) {
      const problem = unavailable ? 'temporarily_unavailable' : 'server_error'
      return sendJson(response, unavailable ? 503 : 500, { error: problem })
    }
    const message = unavailable ? 'Signing in is not possible right now. Try again soon.' : 'Something went wrong here.'
    this.#stop(response, unavailable ? 503 : 500, message)
  }
}

/** Also an outage that the provider's storage has already put into its own words. */
function isOutage(error: unknown): boolean {
  return error instanceof UpstreamError || (error instanceof Error && error.cause instanceof UpstreamError)
}
