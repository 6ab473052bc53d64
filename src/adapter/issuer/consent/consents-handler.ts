import type { IncomingMessage, ServerResponse } from 'node:http'
import { originOf } from '../../../core/audit/request-origin.js'
import type { Application } from '../../../core/identity/application.js'
import type { SessionFeed } from '../../../core/runtime/session-feed.js'
import { doubledCookies } from '../http/issuer-cookies.js'
import { readOwnForm } from '../http/own-form.js'
import type { PublicUrl } from '../http/public-url.js'
import { sendPage, sendSeeOther } from '../http/send-response.js'
import { renderErrorPage } from '../page/error-page.js'
import type { IssuerResource } from '../provider/issuer-resource.js'
import type { Consent, IssuerConsents } from '../record/issuer-consents.js'
import type { Principal } from '../sign-in/account-directory.js'
import { findSignedIn, notFromHere, type SignedIn, type SignedInParts } from '../sign-in/signed-in-browser.js'
import type { SignInAudit } from '../sign-in/sign-in-audit.js'
import { consentsPath, renderConsentsPage } from './consents-page.js'

export interface ConsentsParts extends SignedInParts {
  readonly url: PublicUrl
  readonly application: Application
  readonly resources: readonly IssuerResource[]
  readonly consents: IssuerConsents
  readonly feed: Pick<SessionFeed, 'publish'>
  readonly audit: SignInAudit
}

/** The page where users see what they have allowed which client, and take it back. */
export class ConsentsHandler {
  readonly #parts: ConsentsParts

  constructor(parts: ConsentsParts) {
    this.#parts = parts
  }

  /** Answers for whoever is signed in in this browser. Throws `UpstreamError`. */
  async handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    if (this.#parts.cookies.hasDoubles(request)) return this.#refuse(response, 400, doubledCookies)
    const signedIn = await findSignedIn(this.#parts, 'consents', { request, response })
    if ('refused' in signedIn) return this.#refuse(response, 401, signedIn.refused)
    if (request.method === 'POST') return this.#takeBack({ request, response }, signedIn)
    const { application, resources } = this.#parts
    const { csrf, principal } = signedIn
    const page = renderConsentsPage({
      ...{ csrf, serverName: application.name, tenantName: principal.tenant.name, email: principal.account.email },
      consents: await this.#consentsOf(principal),
      scopeWords: Object.assign({}, ...resources.map(({ scopeWords }) => scopeWords)),
    })
    sendPage(response, 200, page)
  }

  async #takeBack(
    { request, response }: { readonly request: IncomingMessage; readonly response: ServerResponse },
    { csrf, principal }: SignedIn,
  ): Promise<void> {
    const { audit, consents, feed, url } = this.#parts
    const form = await readOwnForm(request, { url, csrf })
    if (form?.get('action') !== 'take-back') return this.#refuse(response, 403, notFromHere)
    // One of their own, whatever the form says; what has ended meanwhile is what they wanted.
    const mine = (await this.#consentsOf(principal)).find(({ key }) => key === form.get('consent'))
    if (mine !== undefined && (await consents.end(mine.key))) {
      const { clientId, grantId } = mine.kind === 'known' ? mine : { clientId: undefined, grantId: undefined }
      audit.count({
        ...{ type: 'signin.completed', reason: 'consent_revoked', clientId, grantId, caller: originOf(request) },
        ...{ tenant: principal.tenant, subject: principal.account.id },
      })
      await feed.publish({ about: 'grant', key: mine.key })
    }
    sendSeeOther(response, consentsPath)
  }

  #consentsOf({ account, tenant }: Principal): Promise<readonly Consent[]> {
    const { application, consents } = this.#parts
    const owners = [{ tenantId: tenant.id, issuer: undefined, subject: account.id }]
    return consents.list({ tenant, owners, application: application.clientId })
  }

  #refuse(response: ServerResponse, status: number, message: string): void {
    const { name } = this.#parts.application
    sendPage(response, status, renderErrorPage({ serverName: name, title: 'Apps you allowed', message }))
  }
}
