import type { IncomingMessage, ServerResponse } from 'node:http'
import { originOf } from '../../../core/audit/request-origin.js'
import { doubledCookies } from '../http/issuer-cookies.js'
import { readOwnForm } from '../http/own-form.js'
import type { PublicUrl } from '../http/public-url.js'
import { allowScript, sendPage, sendSeeOther } from '../http/send-response.js'
import { ownFactorsPath } from '../page/account/own-factors-page.js'
import { passkeyScriptPath } from '../page/account/passkey-form.js'
import { renderErrorPage } from '../page/error-page.js'
import { findSignedIn, notFromHere, type SignedInParts } from '../sign-in/signed-in-browser.js'
import type { OwnAnswer, OwnFactors } from './own-factors.js'

export interface OwnFactorsHandlerParts extends SignedInParts {
  readonly url: PublicUrl
  readonly serverName: string
  readonly own: OwnFactors
}

/** The page where users see and change what they prove themselves with. */
export class OwnFactorsHandler {
  readonly #parts: OwnFactorsHandlerParts

  constructor(parts: OwnFactorsHandlerParts) {
    this.#parts = parts
  }

  /** Answers for whoever is signed in in this browser. Throws `UpstreamError`. */
  async handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { cookies, own, url } = this.#parts
    if (cookies.hasDoubles(request)) return this.#refuse(response, 400, doubledCookies)
    const signedIn = await findSignedIn(this.#parts, 'factors', { request, response })
    if ('refused' in signedIn) return this.#refuse(response, 401, signedIn.refused)
    const caller = originOf(request)
    if (request.method !== 'POST') return this.#send(response, await own.show(signedIn, caller))
    const form = await readOwnForm(request, { url, csrf: signedIn.csrf })
    if (form === undefined) return this.#refuse(response, 403, notFromHere)
    this.#send(response, await own.submit(signedIn, caller, form))
  }

  #send(response: ServerResponse, answer: OwnAnswer): void {
    const { cookies, url } = this.#parts
    if (answer.kind === 'list') return sendSeeOther(response, ownFactorsPath)
    if (answer.kind === 'signed out') {
      cookies.clearSession(response)
      return sendPage(response, 200, answer.page)
    }
    if (answer.script !== undefined) allowScript(response, url.origin + passkeyScriptPath)
    if (answer.retryAfter !== undefined) response.setHeader('retry-after', answer.retryAfter)
    sendPage(response, answer.status, answer.page)
  }

  #refuse(response: ServerResponse, status: number, message: string): void {
    sendPage(
      response,
      status,
      renderErrorPage({ serverName: this.#parts.serverName, title: 'Your second step', message }),
    )
  }
}
