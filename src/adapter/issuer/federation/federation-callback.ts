import type { IncomingMessage, ServerResponse } from 'node:http'
import { originOf } from '../../../core/audit/request-origin.js'
import type { FederationFlow } from '../../../core/federation/federation-flow.js'
import { doubledCookies, type IssuerCookies } from '../http/issuer-cookies.js'
import { otherLoopbackTarget, splitTarget } from '../http/issuer-edge.js'
import type { PublicUrl } from '../http/public-url.js'
import { sendPage, sendSeeOther } from '../http/send-response.js'
import { renderErrorPage } from '../page/error-page.js'
import { renderAcceptedPage } from '../page/account/accepted-page.js'
import { pagePath, refusedPage } from './refused-page.js'

export interface FederationCallbackParts {
  readonly flow: Pick<FederationFlow, 'finish'>
  readonly url: PublicUrl
  readonly cookies: IssuerCookies
  readonly serverName: string
}

/** Where browsers come back from identity providers. The address that they go on to has neither code nor state in it. */
export class FederationCallback {
  readonly #parts: FederationCallbackParts

  constructor(parts: FederationCallbackParts) {
    this.#parts = parts
  }

  /** `provider`: UUID of the one whose address it is. Throws `UpstreamError` where a database of ours does not answer. */
  async handle(request: IncomingMessage, response: ServerResponse, provider: string): Promise<void> {
    const { cookies, flow, serverName, url } = this.#parts
    const elsewhere = otherLoopbackTarget(url, request)
    if (elsewhere !== undefined) return sendSeeOther(response, elsewhere)
    if (cookies.hasDoubles(request)) {
      const page = renderErrorPage({ serverName, title: 'Sign-in stopped', message: doubledCookies })
      return sendPage(response, 400, page)
    }
    const parameters = new URLSearchParams(splitTarget(request.url ?? '').query)
    const visit = { ...originOf(request), browser: cookies.browserOf(request) }
    const answer = await flow.finish({ provider, parameters }, visit)
    if (answer.outcome === 'refused') {
      const { page, retryAfter, status } = refusedPage(serverName, answer)
      if (retryAfter !== undefined) response.setHeader('retry-after', retryAfter)
      return sendPage(response, status, page)
    }
    if ('interaction' in answer) return sendSeeOther(response, url.origin + pagePath(answer.interaction))
    sendPage(response, 200, renderAcceptedPage({ serverName, provider: answer.accepted }))
  }
}
