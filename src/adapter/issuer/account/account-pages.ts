import type { IncomingMessage, ServerResponse } from 'node:http'
import { originOf } from '../../../core/audit/request-origin.js'
import type { Keyring } from '../../../core/credential/keyring.js'
import { UpstreamError } from '../../../core/error/upstream-error.js'
import type { Log } from '../../../core/runtime/log.js'
import type { RateLimit, RateLimiter } from '../../../core/runtime/rate-limiter.js'
import type { InvitationStep } from '../federation/invitation-step.js'
import { doubledCookies, type IssuerCookies } from '../http/issuer-cookies.js'
import { splitTarget } from '../http/issuer-edge.js'
import { readOwnForm } from '../http/own-form.js'
import { hostNaming, type PublicUrl } from '../http/public-url.js'
import { sendAsset, sendJson, sendPage, sendSeeOther, setSecurityHeaders } from '../http/send-response.js'
import { passkeyScriptPath } from '../page/account/passkey-form.js'
import { passkeyScript } from '../page/account/passkey-script.js'
import { renderErrorPage } from '../page/error-page.js'
import { errorName } from '../provider/error-name.js'
import { parseLink, passwordPath } from './account-link.js'
import { LinkCookie } from './link-cookie.js'
import type { FormAnswer, OpenedLink, PasswordLinks } from './password-links.js'

export interface AccountPagesParts {
  readonly url: PublicUrl
  readonly serverName: string
  readonly cookies: IssuerCookies
  readonly keyring: Keyring
  readonly links: PasswordLinks
  readonly limiter: RateLimiter
  readonly log: Log
  /** Accepting invitations with identity providers. */
  readonly invitations: InvitationStep | undefined
}

interface Exchange {
  readonly request: IncomingMessage
  readonly response: ServerResponse
}

const prefix = '/authsec/account/'
/** Of one link, so that nobody uses up what another may try: 256 bits are not guessed, but whoever has them makes us hash. */
const formsOfLink: RateLimit = { name: 'account-link', limit: 30, seconds: 15 * 60 }
const noLink =
  'This link was used already, has expired, or belongs to another browser. Open the link again, or ask your administrator for a new one.'
const notFromHere = 'This form was not sent from its own page, or cookies are off. Open the link again.'

/** The pages behind the links that administrators hand out. */
export class AccountPages {
  readonly #parts: AccountPagesParts
  readonly #cookie: LinkCookie

  constructor(parts: AccountPagesParts) {
    this.#parts = parts
    this.#cookie = new LinkCookie(parts.keyring, parts.url)
  }

  /** Answers, or `false` where the path is none of these pages'. Never throws for what a request says. */
  async handle(request: IncomingMessage, response: ServerResponse): Promise<boolean> {
    const { path } = splitTarget(request.url ?? '')
    if (!path.startsWith(prefix)) return false
    setSecurityHeaders(response)
    const naming = hostNaming(this.#parts.url, request.headers.host)
    if (naming === 'foreign') sendJson(response, 421, { error: 'misdirected_request' })
    else if (naming === 'loopback') sendSeeOther(response, this.#parts.url.origin + path)
    else await this.#answer({ request, response }, path).catch((error: unknown) => this.#fail(response, error))
    return true
  }

  async #answer(exchange: Exchange, path: string): Promise<void> {
    const { request, response } = exchange
    const { method } = request
    const isReading = method === 'GET' || method === 'HEAD'
    if (path === passkeyScriptPath && isReading)
      return sendAsset(response, 'text/javascript; charset=utf-8', passkeyScript)
    const link = parseLink(path)
    if (link === undefined && path !== passwordPath) return sendJson(response, 404, { error: 'not_found' })
    if (!isReading && (link !== undefined || method !== 'POST')) {
      response.setHeader('allow', link === undefined ? 'GET, HEAD, POST' : 'GET, HEAD')
      return sendJson(response, 405, { error: 'method_not_allowed' })
    }
    if (this.#parts.cookies.hasDoubles(request)) return this.#refuse(response, 400, doubledCookies)
    if (link === undefined) return isReading ? this.#show(exchange) : this.#submit(exchange)
    // Nothing is used up by looking, as programs do that read messages before people.
    this.#cookie.keep(response, link, this.#parts.cookies.ensureBrowser(request, response))
    sendSeeOther(response, passwordPath)
  }

  async #show({ request, response }: Exchange): Promise<void> {
    const opened = await this.#open(request)
    if (opened === undefined) return this.#refuse(response, 400, noLink)
    sendPage(response, 200, this.#parts.links.render(opened))
  }

  async #submit({ request, response }: Exchange): Promise<void> {
    const opened = await this.#open(request)
    if (opened === undefined) return this.#refuse(response, 400, noLink)
    const form = await readOwnForm(request, { url: this.#parts.url, csrf: opened.csrf })
    if (form === undefined) return this.#refuse(response, 403, notFromHere)
    const admission = await this.#parts.limiter.take([{ limit: formsOfLink, key: opened.digest }])
    if (!admission.admitted) {
      response.setHeader('retry-after', admission.secondsLeft)
      return this.#refuse(response, 429, 'Too many attempts with this link. Try again in some minutes.')
    }
    const provider = form.get('action') === 'federate' ? form.get('provider') : undefined
    if (provider !== undefined) return this.#accept({ request, response }, opened, provider)
    this.#send(response, await this.#parts.links.submit(opened, { form, caller: originOf(request) }))
  }

  async #accept({ request, response }: Exchange, opened: OpenedLink, provider: string): Promise<void> {
    const { cookies, invitations } = this.#parts
    const browser = cookies.browserOf(request)
    const { digest, link, tenant } = opened
    if (invitations === undefined || browser === undefined || link.purpose !== 'invitation') {
      return this.#refuse(response, 400, noLink)
    }
    const invitation = { tenant: tenant.id, accountId: link.accountId, digest }
    const { page, retryAfter, status } = await invitations.begin({
      ...{ ...invitation, provider, browser, caller: originOf(request) },
    })
    if (retryAfter !== undefined) response.setHeader('retry-after', retryAfter)
    sendPage(response, status, page)
  }

  async #open(request: IncomingMessage): Promise<OpenedLink | undefined> {
    const browser = this.#parts.cookies.browserOf(request)
    const link = browser === undefined ? undefined : this.#cookie.linkOf(request, browser)
    return browser === undefined || link === undefined ? undefined : this.#parts.links.open(link, browser)
  }

  #send(response: ServerResponse, answer: FormAnswer): void {
    if (answer.kind === 'used') return this.#refuse(response, 400, noLink)
    if (answer.retryAfter !== undefined) response.setHeader('retry-after', answer.retryAfter)
    if (answer.kind === 'done') this.#cookie.forget(response)
    sendPage(response, answer.status, answer.page)
  }

  #refuse(response: ServerResponse, status: number, message: string): void {
    const { serverName } = this.#parts
    sendPage(response, status, renderErrorPage({ serverName, title: 'This cannot go on', message }))
  }

  #fail(response: ServerResponse, error: unknown): void {
    this.#parts.log.write('error', 'a page of an account failed', { error: errorName(error) })
    if (response.headersSent) {
      response.destroy()
      return
    }
    if (!(error instanceof UpstreamError)) return this.#refuse(response, 500, 'Something went wrong here.')
    response.setHeader('retry-after', 5)
    this.#refuse(response, 503, 'This is not possible right now. Try again soon.')
  }
}
