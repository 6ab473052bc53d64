import type { IncomingMessage, ServerResponse } from 'node:http'
import { originOf } from '../../../core/audit/request-origin.js'
import type {
  ConnectFlow,
  ConnectRefusal,
  ConnectVisitor,
} from '../../../core/external-service/connect/connect-flow.js'
import { doubledCookies } from '../http/issuer-cookies.js'
import { otherLoopbackTarget, splitTarget } from '../http/issuer-edge.js'
import { endpoints } from '../http/issuer-metadata.js'
import { readOwnForm } from '../http/own-form.js'
import { sendJson, sendPage, sendSeeOther } from '../http/send-response.js'
import { renderErrorPage } from '../page/error-page.js'
import { renderContinuePage } from '../page/render-page.js'
import {
  findSignedIn,
  notFromHere,
  notSignedIn,
  type NotSignedIn,
  type SignedIn,
  type SignedInParts,
} from '../sign-in/signed-in-browser.js'
import { renderConnectedPage, renderConnectPage, renderConnectRefusedPage } from './connect-page.js'
import { parseConnectPath } from './connect-path.js'
import { connectSignInPath, type ConnectSignInParts } from './connect-sign-in.js'

export interface ConnectHandlerParts extends SignedInParts, Pick<ConnectSignInParts, 'resource' | 'url'> {
  readonly serverName: string
  readonly flow: Pick<ConnectFlow, 'begin' | 'finish' | 'view'>
  /** This server as a client of its own, by which users sign in first; without it they are told to. */
  readonly relyingParty: ConnectSignInParts['relyingParty'] | undefined
}

interface Exchange {
  readonly request: IncomingMessage
  readonly response: ServerResponse
}

/** The pages on which users let this installation into services: the one behind a link, and the way back from a service. */
export class ConnectHandler {
  readonly #parts: ConnectHandlerParts

  constructor(parts: ConnectHandlerParts) {
    this.#parts = parts
  }

  /** Answers for whoever is signed in in this browser. Throws `UpstreamError`. */
  async handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const exchange = { request, response }
    const { path, query } = splitTarget(request.url ?? '')
    const target = parseConnectPath(path)
    if (target === undefined) return sendJson(response, 404, { error: 'not_found' })
    const elsewhere = otherLoopbackTarget(this.#parts.url, request)
    if (elsewhere !== undefined && request.method !== 'POST') return sendSeeOther(response, elsewhere)
    if (this.#parts.cookies.hasDoubles(request)) return this.#stop(response, 400, doubledCookies)
    const signedIn = await findSignedIn(this.#parts, 'connect', exchange)
    if ('service' in target) return this.#finish(exchange, target.service, { signedIn, query })
    if ('refused' in signedIn) return this.#signInFirst(exchange, target.link, signedIn)
    return request.method === 'POST'
      ? this.#begin(exchange, target.link, signedIn)
      : this.#show(exchange, target.link, signedIn)
  }

  #signInFirst(exchange: Exchange, link: string, { refused }: NotSignedIn): void {
    const { relyingParty } = this.#parts
    const { request, response } = exchange
    // Whoever is signed in in a way that does not count any more would come back with the same.
    const canSignIn = relyingParty !== undefined && refused === notSignedIn && request.method !== 'POST'
    if (!canSignIn) return this.#stop(response, 401, refused)
    sendSeeOther(response, connectSignInPath({ ...this.#parts, relyingParty }, link, exchange))
  }

  async #show({ request, response }: Exchange, link: string, signedIn: SignedIn): Promise<void> {
    const { flow, serverName } = this.#parts
    const seen = await flow.view(link, visitorOf(request, signedIn))
    if (seen.outcome === 'refused') return this.#refuse(response, seen)
    const { account, tenant } = signedIn.principal
    const { csrf } = signedIn
    const page = { serverName, service: seen.service, tenantName: tenant.name, email: account.email, csrf }
    sendPage(response, 200, renderConnectPage(page))
  }

  async #begin({ request, response }: Exchange, link: string, signedIn: SignedIn): Promise<void> {
    const { flow, serverName, url } = this.#parts
    const form = await readOwnForm(request, { url, csrf: signedIn.csrf })
    if (form?.get('action') !== 'connect') return this.#stop(response, 403, notFromHere)
    const step = await flow.begin(link, visitorOf(request, signedIn))
    if (step.outcome === 'refused') return this.#refuse(response, step)
    // A page, not a redirect: `form-action` covers the whole redirect chain of a form.
    sendPage(response, 200, renderContinuePage({ serverName, continueTo: step.url.href, leaves: false }))
  }

  async #finish(
    { request, response }: Exchange,
    service: string,
    { query, signedIn }: { readonly query: string; readonly signedIn: SignedIn | NotSignedIn },
  ): Promise<void> {
    if (request.method === 'POST') return sendJson(response, 405, { error: 'method_not_allowed' })
    if ('refused' in signedIn) return this.#refuse(response, { reason: 'sign-in', service: undefined })
    const callback = { service, parameters: new URLSearchParams(query) }
    const step = await this.#parts.flow.finish(callback, visitorOf(request, signedIn))
    if (step.outcome === 'refused') return this.#refuse(response, step)
    sendPage(response, 200, renderConnectedPage(this.#parts.serverName, step.service))
  }

  #refuse(
    response: ServerResponse,
    { reason, service }: { readonly reason: ConnectRefusal; readonly service: string | undefined },
  ): void {
    const { serverName, url } = this.#parts
    const signOutPath = url.prefix + endpoints.end_session
    const { page, status } = renderConnectRefusedPage({ serverName, reason, service, signOutPath })
    sendPage(response, status, page)
  }

  #stop(response: ServerResponse, status: number, message: string): void {
    const { serverName } = this.#parts
    sendPage(response, status, renderErrorPage({ serverName, title: 'This cannot go on', message }))
  }
}

function visitorOf(request: IncomingMessage, { browser, principal }: SignedIn): ConnectVisitor {
  return { tenant: principal.tenant, account: principal.account.id, browser, origin: originOf(request) }
}
