import type { IncomingMessage, ServerResponse } from 'node:http'
import { originOf } from '../../../core/audit/request-origin.js'
import { BrowserCookie } from '../../../adapter/issuer/http/browser-cookie.js'
import { doubledCookies } from '../../../adapter/issuer/http/issuer-cookies.js'
import { otherLoopbackTarget, splitTarget } from '../../../adapter/issuer/http/issuer-edge.js'
import { readOwnForm } from '../../../adapter/issuer/http/own-form.js'
import { hostNaming, isLoopbackUrl, type PublicUrl } from '../../../adapter/issuer/http/public-url.js'
import { sendJson, sendPage, sendSeeOther, setSecurityHeaders } from '../../../adapter/issuer/http/send-response.js'
import { renderErrorPage } from '../../../adapter/issuer/page/error-page.js'
import { renderContinuePage } from '../../../adapter/issuer/page/render-page.js'
import { loginCookie } from '../../../adapter/issuer/provider/relying-party.js'
import { errorName } from '../../../adapter/issuer/provider/error-name.js'
import type { Keyring } from '../../../core/credential/keyring.js'
import { UpstreamError } from '../../../core/error/upstream-error.js'
import type { Clock } from '../../../core/runtime/clock.js'
import type { Log } from '../../../core/runtime/log.js'
import type { BrowserVisit, LoginFlow, LoginView } from '../../../core/sign-in/login-flow.js'
import { renderLoginPage, type LoginPageContext } from '../page/login-page.js'
import { notices, renderNoticePage } from '../page/notice-page.js'
import { renderRefusal } from '../page/refusal-page.js'
import { loginPath, loginRouteOf, type LoginRoute } from './login-route.js'

export interface LoginPagesOptions {
  /** The one address of this server, whatever a request says. */
  readonly publicUrl: PublicUrl
  readonly flow: Pick<LoginFlow, 'view' | 'confirm' | 'deny' | 'comeBack' | 'forged' | 'strayed'>
  /** What the server is called on its pages. */
  readonly serverName: string
  readonly keyring: Keyring
  /** Tells the user how long ago somebody asked; nothing expires by it. */
  readonly clock: Clock
  readonly log: Log
}

export interface LoginPages {
  /** Answers a request, or `false` where its path is none of these pages'. Never throws for what a request says. */
  handle(request: IncomingMessage, response: ServerResponse): Promise<boolean>
}

interface Exchange {
  readonly request: IncomingMessage
  readonly response: ServerResponse
}

/** A form of ours, sent by the browser that had its page. */
interface Submission {
  readonly id: string
  readonly visit: BrowserVisit
  readonly response: ServerResponse
}

const notFromHere = 'This form was not sent from its own page, or cookies are off. Go back and try again.'
const goOn = 'That did not go on. Continue once more; if this page comes back, ask your assistant to start again.'
const tooLate =
  'It is too late to cancel here. If you do not want it, close this window: without you it goes no further.'
const outage =
  'Signing in is not possible right now. Try again soon; if it does not go on, ask your assistant to start again.'
const fault = 'Something went wrong here. Go back to your assistant and ask it to start again.'
const incomplete = 'This link is incomplete or wrong. Copy the whole address, or ask your assistant to start again.'
const retrySeconds = 5

/** The pages of signing in with the five tools, under `/authsec/login`: confirm, the way back from the provider, the code. */
export function createLoginPages(options: LoginPagesOptions): LoginPages {
  const handler = new LoginPagesHandler(options)
  return { handle: (request, response) => handler.handle(request, response) }
}

class LoginPagesHandler {
  readonly #options: LoginPagesOptions
  readonly #cookie: BrowserCookie

  constructor(options: LoginPagesOptions) {
    this.#options = options
    this.#cookie = new BrowserCookie(options.publicUrl, loginCookie.name, loginCookie.seconds)
  }

  async handle(request: IncomingMessage, response: ServerResponse): Promise<boolean> {
    const route = loginRouteOf(splitTarget(request.url ?? '').path)
    if (route.kind === 'foreign') return false
    setSecurityHeaders(response)
    response.setHeader('cross-origin-opener-policy', 'same-origin')
    try {
      await this.#admit({ request, response }, route)
    } catch (error) {
      this.#fail(response, error)
    }
    return true
  }

  async #admit(exchange: Exchange, route: LoginRoute): Promise<void> {
    const { request, response } = exchange
    const { publicUrl } = this.#options
    if (hostNaming(publicUrl, request.headers.host) === 'foreign') {
      return sendJson(response, 421, { error: 'misdirected_request', error_description: 'not our Host' })
    }
    if (!('methods' in route)) return this.#stop(response, 404, incomplete)
    if (!route.methods.includes(request.method ?? '')) {
      response.setHeader('allow', route.methods.join(', '))
      return this.#stop(response, 405, 'This page cannot be used in this way.')
    }
    if (request.method === 'POST' && route.kind === 'page') return this.#submit(exchange, route.id)
    const elsewhere = otherLoopbackTarget(publicUrl, request)
    if (elsewhere !== undefined) return sendSeeOther(response, elsewhere)
    return route.kind === 'page' ? this.#show(exchange, route.id) : this.#comeBack(exchange)
  }

  async #show({ request, response }: Exchange, id: string): Promise<void> {
    if (this.#cookie.isDoubled(request)) return this.#stop(response, 400, doubledCookies)
    const { flow } = this.#options
    const known = this.#cookie.valueOf(request)
    const view = await flow.view(id, known)
    if (view.kind === 'elsewhere') await flow.strayed(id, { ...originOf(request), browser: known })
    const browser = hasForm(view) ? this.#cookie.renew(request, response) : undefined
    const { status, page } = renderLoginPage(view, this.#contextOf(id, browser))
    sendPage(response, status, page)
  }

  async #submit({ request, response }: Exchange, id: string): Promise<void> {
    const { flow, publicUrl: url } = this.#options
    const isDoubled = this.#cookie.isDoubled(request)
    const browser = isDoubled ? undefined : this.#cookie.valueOf(request)
    const visit = { ...originOf(request), browser }
    const form =
      browser === undefined ? undefined : await readOwnForm(request, { url, csrf: this.#csrfOf(id, browser) })
    if (form === undefined) {
      await flow.forged(id, visit)
      return isDoubled ? this.#stop(response, 400, doubledCookies) : this.#stop(response, 403, notFromHere)
    }
    const submission = { id, visit, response }
    const action = form.get('action')
    if (action === 'deny') return this.#deny(submission)
    if (action === 'confirm' || action === 'other-account') return this.#confirm(submission, action)
    return this.#showInstead(submission, undefined)
  }

  async #confirm(submission: Submission, action: 'confirm' | 'other-account'): Promise<void> {
    const { flow, serverName } = this.#options
    const { id, visit, response } = submission
    const step = await flow.confirm(id, visit, action === 'other-account')
    if (step.outcome === 'refused') return this.#showInstead(submission, goOn)
    sendPage(response, 200, renderContinuePage({ serverName, continueTo: step.url.href, leaves: false }))
  }

  async #deny(submission: Submission): Promise<void> {
    const { flow, serverName } = this.#options
    const { id, visit, response } = submission
    const step = await flow.deny(id, visit)
    if (step.outcome === 'refused') return this.#showInstead(submission, tooLate)
    sendPage(response, 200, renderNoticePage(serverName, notices.denied))
  }

  /** The page as it is now, for a step that was not taken. */
  async #showInstead({ id, visit, response }: Submission, problem: string | undefined): Promise<void> {
    const view = await this.#options.flow.view(id, visit.browser)
    const { status, page } = renderLoginPage(view, { ...this.#contextOf(id, visit.browser), problem })
    sendPage(response, status === 200 ? 409 : status, page)
  }

  /** The address that the browser goes on to has neither code nor state in it. */
  async #comeBack({ request, response }: Exchange): Promise<void> {
    const { flow, publicUrl, serverName } = this.#options
    const isDoubled = this.#cookie.isDoubled(request)
    const browser = isDoubled ? undefined : this.#cookie.valueOf(request)
    const { query } = splitTarget(request.url ?? '')
    const step = await flow.comeBack(new URLSearchParams(query), { ...originOf(request), browser })
    if (step.outcome === 'next') return sendSeeOther(response, `${publicUrl.origin}${loginPath}/${step.id}`)
    if (isDoubled) return this.#stop(response, 400, doubledCookies)
    const { status, page } = renderRefusal(step.reason, serverName)
    sendPage(response, status, page)
  }

  #contextOf(id: string, browser: string | undefined): LoginPageContext {
    const { clock, publicUrl, serverName } = this.#options
    return {
      serverName,
      machine: isLoopbackUrl(publicUrl.origin) ? 'same' : 'any',
      now: clock.now() / 1000,
      csrf: browser === undefined ? '' : this.#csrfOf(id, browser),
    }
  }

  #csrfOf(id: string, browser: string): string {
    return this.#options.keyring.digest('login-csrf', `${id} ${browser}`)
  }

  #stop(response: ServerResponse, status: number, message: string): void {
    const { serverName } = this.#options
    sendPage(response, status, renderErrorPage({ serverName, title: 'Sign-in stopped', message }))
  }

  #fail(response: ServerResponse, error: unknown): void {
    this.#options.log.write('error', 'a login page failed', { error: errorName(error) })
    if (response.headersSent) {
      response.destroy()
      return
    }
    const unavailable = error instanceof UpstreamError
    if (unavailable) response.setHeader('retry-after', retrySeconds)
    this.#stop(response, unavailable ? 503 : 500, unavailable ? outage : fault)
  }
}

function hasForm({ kind }: LoginView): boolean {
  return kind === 'confirm' || kind === 'confirmed'
}
