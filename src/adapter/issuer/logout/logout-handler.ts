import type { IncomingMessage, ServerResponse } from 'node:http'
import { originOf } from '../../../core/audit/request-origin.js'
import type Provider from 'oidc-provider'
import type { errors as ProviderErrors, Session } from 'oidc-provider'
import type { Keyring } from '../../../core/credential/keyring.js'
import type { SigningKey } from '../../../core/identity/signing-key-store.js'
import type { BackgroundWork } from '../../../core/runtime/background-work.js'
import { doubledCookies, type IssuerCookies } from '../http/issuer-cookies.js'
import { endpoints } from '../http/issuer-metadata.js'
import { isOwnForm } from '../http/own-form.js'
import type { PublicUrl } from '../http/public-url.js'
import { readForm } from '../http/read-form.js'
import { sendPage, sendSeeOther } from '../http/send-response.js'
import { renderErrorPage } from '../page/error-page.js'
import { renderAfterSignOutPage, renderSignOutPage, type Onward } from '../page/sign-out-page.js'
import type { SealedRecords } from '../record/sealed-records.js'
import type { AccountDirectory } from '../sign-in/account-directory.js'
import { parseSubject } from '../sign-in/issuer-subject.js'
import type { SignInAudit } from '../sign-in/sign-in-audit.js'
import { endBrowser, type Authorizations } from './end-browser.js'
import type { LogoutNotice, LogoutNotices } from './logout-notices.js'
import { logoutParameters, readLogoutRequest, type LogoutRequest } from './logout-request.js'

export interface LogoutParts {
  readonly provider: Provider
  readonly errors: Pick<typeof ProviderErrors, 'OIDCProviderError'>
  readonly keys: readonly SigningKey[]
  readonly url: PublicUrl
  readonly serverName: string
  readonly cookies: IssuerCookies
  readonly keyring: Keyring
  readonly records: SealedRecords
  readonly directory: AccountDirectory
  readonly notices: LogoutNotices
  /** Nobody waits until clients have heard. */
  readonly background: BackgroundWork
  readonly audit: SignInAudit
}

interface Exchange {
  readonly request: IncomingMessage
  readonly response: ServerResponse
}

interface LogoutVisit extends Exchange {
  readonly query: string
  readonly asked: Extract<LogoutRequest, { readonly valid: true }>
  readonly session: Session
}

const notFromHere = 'This form was not sent from its own page, or cookies are off. Go back and try again.'

/**
 * The end of a sign-in (OpenID Connect RP-Initiated Logout): always asked for on a page of ours, since any link leads here. It
 * ends the browser's session and all that was granted in it, and tells the clients that want to hear of it.
 */
export class LogoutHandler {
  readonly #parts: LogoutParts

  constructor(parts: LogoutParts) {
    this.#parts = parts
  }

  /** Answers a request with pinned headers; `query` is that of its target. Throws `UpstreamError`. */
  async handle(request: IncomingMessage, response: ServerResponse, query: string): Promise<void> {
    const { cookies, provider } = this.#parts
    if (cookies.hasDoubles(request)) return this.#refuse(response, 400, doubledCookies)
    const form = request.method === 'POST' ? await readForm(request) : undefined
    if (request.method === 'POST' && !form?.has('csrf')) return this.#ask(response, form ?? new Map())
    const asked = await this.#read(query)
    if (!asked.valid) return this.#refuse(response, 400, asked.problem)
    const session = await provider.Session.get(provider.createContext(request, response))
    const visit: LogoutVisit = { request, response, query, asked, session }
    if (form === undefined) return this.#show(visit)
    const csrf = this.#csrf(query, cookies.browserOf(request) ?? '')
    const isOwn = cookies.browserOf(request) !== undefined && isOwnForm(request, form, { url: this.#parts.url, csrf })
    if (!isOwn) return this.#refuse(response, 403, notFromHere)
    return form.get('action') === 'sign-out' ? this.#signOut(visit) : this.#after(visit, { state: 'signed in' })
  }

  /** A client may also post (§2). From its page no cookie of ours comes along, so it is asked again in the way that cookies do. */
  #ask(response: ServerResponse, form: ReadonlyMap<string, string>): void {
    const parameters = new URLSearchParams()
    for (const name of logoutParameters) {
      const value = form.get(name)
      if (value !== undefined) parameters.set(name, value)
    }
    sendSeeOther(response, `${this.#parts.url.issuer}${endpoints.end_session}?${parameters.toString()}`)
  }

  async #read(query: string): Promise<LogoutRequest> {
    try {
      return await readLogoutRequest(this.#parts, query)
    } catch (error) {
      // A client whose document cannot be read is as good as none.
      if (!(error instanceof this.#parts.errors.OIDCProviderError) || error.statusCode >= 500) throw error
      return { valid: false, problem: 'This client is not known here.' }
    }
  }

  async #show(visit: LogoutVisit): Promise<void> {
    const { asked, query, request, response, session } = visit
    const { cookies, directory, serverName } = this.#parts
    const onward = onwardOf(asked)
    if (session.accountId === undefined) {
      // No way on by itself: whoever is not signed in has not been asked, and registration is open.
      return this.#after(visit, { state: 'signed out', onward: asked.shownBy === 'id token' ? onward : undefined })
    }
    const principal = await directory.find(session.accountId)
    const page = renderSignOutPage({
      serverName,
      client: asked.client && { name: asked.client.clientName },
      onward,
      email: principal?.account.email,
      csrf: this.#csrf(query, cookies.ensureBrowser(request, response)),
    })
    sendPage(response, 200, page)
  }

  async #signOut(visit: LogoutVisit): Promise<void> {
    const { asked, request, response, session } = visit
    const { audit, background, cookies, directory, notices } = this.#parts
    const subject = session.accountId === undefined ? undefined : parseSubject(session.accountId)
    const tenant = subject && (await directory.findTenant(subject.tenantSlug))
    const had = await endBrowser(this.#parts, session)
    cookies.clearSession(response)
    // What has ended has ended, whoever can be told.
    if (subject !== undefined) {
      background.start(async (signal) => notices.deliver(await this.#noticesFor(had, subject.accountId), signal))
    }
    if (subject !== undefined) {
      audit.count({
        ...{ type: 'signin.completed', reason: 'signed_out', caller: originOf(request), grantId: session.uid },
        ...{ clientId: asked.client?.clientId, subject: subject.accountId },
        tenant,
      })
    }
    return this.#after(visit, { state: 'signed out', continueTo: asked.returnTo })
  }

  async #noticesFor(authorizations: Authorizations, subject: string): Promise<readonly LogoutNotice[]> {
    const found = Object.entries(authorizations).map(async ([clientId, { sid: sessionId }]) => {
      const client = await this.#findClient(clientId)
      return client?.backchannelLogoutUri === undefined ? [] : [{ client, subject, sessionId }]
    })
    return (await Promise.all(found)).flat()
  }

  /** A client that is gone, or cannot be read, keeps no other from being told. */
  async #findClient(clientId: string): Promise<LogoutNotice['client'] | undefined> {
    return this.#parts.provider.Client.find(clientId).catch(() => undefined)
  }

  #after({ response }: Exchange, page: Omit<Parameters<typeof renderAfterSignOutPage>[0], 'serverName'>): void {
    sendPage(response, 200, renderAfterSignOutPage({ serverName: this.#parts.serverName, ...page }))
  }

  /** For this request in this browser: a form that asks for something else has another one. */
  #csrf(query: string, browser: string): string {
    return this.#parts.keyring.digest('issuer-csrf', JSON.stringify(['logout', query, browser]))
  }

  #refuse(response: ServerResponse, status: number, message: string): void {
    const page = renderErrorPage({ serverName: this.#parts.serverName, title: 'Sign-out stopped', message })
    sendPage(response, status, page)
  }
}

/** Where the client would have the user go on to, and who it says it is. */
function onwardOf({ client, returnTo }: LogoutVisit['asked']): Onward | undefined {
  if (client === undefined || returnTo === undefined) return undefined
  return { clientId: client.clientId, clientName: client.clientName, uri: returnTo }
}
