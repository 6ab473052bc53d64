import type { IncomingMessage, ServerResponse } from 'node:http'
import { originOf } from '../../../core/audit/request-origin.js'
import type Provider from 'oidc-provider'
import type { Interaction, InteractionResults } from 'oidc-provider'
import type { Keyring } from '../../../core/credential/keyring.js'
import type { ConsentStep } from './consent-step.js'
import { denial, type StepAnswer, type Submission, type Visit } from './interaction-step.js'
import { doubledCookies, type IssuerCookies } from '../http/issuer-cookies.js'
import type { OidcProviderModule } from '../provider/load-oidc-provider.js'
import { renderErrorPage } from '../page/error-page.js'
import { renderContinuePage } from '../page/render-page.js'
import type { PublicUrl } from '../http/public-url.js'
import { readOwnForm } from '../http/own-form.js'
import type { FederationStep } from '../federation/federation-step.js'
import { allowScript, sendPage } from '../http/send-response.js'
import { passkeyScriptPath } from '../page/account/passkey-form.js'
import type { SignInAudit } from './sign-in-audit.js'
import type { SignInStep } from './sign-in-step.js'

export interface InteractionParts {
  readonly provider: Provider
  readonly module: OidcProviderModule
  readonly url: PublicUrl
  readonly serverName: string
  readonly cookies: IssuerCookies
  readonly keyring: Keyring
  readonly audit: SignInAudit
  readonly signIn: SignInStep
  readonly consent: ConsentStep
  /** Signing in with identity providers. */
  readonly federation: FederationStep | undefined
}

const startAgain = 'This sign-in has expired or belongs to another browser. Go back to the application and start again.'
const notFromHere = 'This form was not sent from its own page, or cookies are off. Go back and try again.'

/** The pages of a sign-in. What they decide goes into the interaction; the provider takes it up from there. */
export class InteractionHandler {
  readonly #parts: InteractionParts

  constructor(parts: InteractionParts) {
    this.#parts = parts
  }

  /** Answers a request for the interaction `uid`, which has to be the one in this browser's cookie, and to stand until it is decided. */
  async handle(request: IncomingMessage, response: ServerResponse, uid: string): Promise<void> {
    if (this.#parts.cookies.hasDoubles(request)) return this.#refuse(response, 400, doubledCookies)
    try {
      await this.#handle(request, response, uid)
    } catch (error) {
      if (!(error instanceof this.#parts.module.errors.SessionNotFound)) throw error
      this.#refuse(response, 400, startAgain)
    }
  }

  async #handle(request: IncomingMessage, response: ServerResponse, uid: string): Promise<void> {
    const interaction = await this.#parts.provider.interactionDetails(request, response)
    if (interaction.uid !== uid) return this.#refuse(response, 400, startAgain)
    if (request.method === 'GET') {
      const visit = this.#visit(request, interaction, this.#parts.cookies.ensureBrowser(request, response))
      return this.#answer(request, response, { visit, answer: await this.#show(visit) })
    }
    const submission = await this.#submission(request, interaction)
    if (submission === undefined) return this.#refuse(response, 403, notFromHere)
    return this.#answer(request, response, { visit: submission, answer: await this.#submit(submission) })
  }

  /**
   * Whether a decided interaction may go on in this browser. A sibling domain can set the cookie that the provider knows it by, and
   * whoever decided it elsewhere would sign this browser in as somebody else. Throws `UpstreamError`.
   */
  async mayGoOn(request: IncomingMessage, uid: string): Promise<boolean> {
    const result = (await this.#parts.provider.Interaction.find(uid))?.result
    const browser = this.#parts.cookies.browserOf(request)
    return result === undefined || (browser !== undefined && result['browser'] === this.#mark(uid, browser))
  }

  /** What a decision says of the browser that it was made in. */
  #mark(uid: string, browser: string): string {
    return this.#parts.keyring.digest('issuer-interaction', `${uid} ${browser}`)
  }

  #visit(request: IncomingMessage, interaction: Interaction, browser: string): Visit {
    const csrf = this.#parts.keyring.digest('issuer-csrf', `${interaction.uid} ${browser}`)
    return { interaction, browser, csrf, caller: originOf(request) }
  }

  /** The form, if it came from our own page in this browser for this interaction. */
  async #submission(request: IncomingMessage, interaction: Interaction): Promise<Submission | undefined> {
    const browser = this.#parts.cookies.browserOf(request)
    if (browser === undefined) return undefined
    const visit = this.#visit(request, interaction, browser)
    const form = await readOwnForm(request, { url: this.#parts.url, csrf: visit.csrf })
    return form && { ...visit, form }
  }

  async #show(visit: Visit): Promise<StepAnswer> {
    const { consent, federation, signIn } = this.#parts
    if (visit.interaction.prompt.name === 'consent') return consent.show(visit)
    return (await federation?.complete(visit)) ?? signIn.show(visit)
  }

  async #submit(submission: Submission): Promise<StepAnswer> {
    const action = submission.form.get('action')
    if (submission.interaction.prompt.name !== 'consent') {
      if (action === 'deny') return this.#cancel(submission)
      if (action === 'federate' && this.#parts.federation !== undefined) return this.#parts.federation.begin(submission)
      return action === 'sign-in' || action?.startsWith('factor-') === true
        ? this.#parts.signIn.submit(submission)
        : this.#parts.signIn.show(submission)
    }
    if (action === 'allow') return this.#parts.consent.allow(submission)
    if (action === 'deny') return this.#parts.consent.deny(submission)
    return action === 'switch' ? { kind: 'switch' } : this.#parts.consent.show(submission)
  }

  #cancel({ interaction, caller }: Submission): StepAnswer {
    this.#parts.audit.count({ type: 'signin.failed', interaction, caller, reason: 'cancelled' })
    return denial
  }

  async #answer(
    request: IncomingMessage,
    response: ServerResponse,
    { visit, answer }: { readonly visit: Visit; readonly answer: StepAnswer },
  ): Promise<void> {
    if (answer.kind === 'page') {
      if (answer.script !== undefined) allowScript(response, this.#parts.url.origin + passkeyScriptPath)
      if (answer.retryAfter !== undefined) response.setHeader('retry-after', answer.retryAfter)
      return sendPage(response, answer.status, answer.page)
    }
    const { browser, interaction } = visit
    const decided: InteractionResults = answer.kind === 'switch' ? {} : answer.result
    const result: InteractionResults = { ...decided, browser: this.#mark(interaction.uid, browser) }
    const { session } = visit.interaction
    const signsInAnother =
      result.login !== undefined && session !== undefined && session.accountId !== result.login.accountId
    if (answer.kind === 'switch' || signsInAnother) await this.#endSession(visit.interaction)
    const keepEarlier = answer.kind === 'result' && answer.keepEarlier
    const options = { mergeWithLastSubmission: keepEarlier }
    const returnTo = await this.#parts.provider.interactionResult(request, response, result, options)
    const { serverName } = this.#parts
    const leaves = result.consent !== undefined || result['error'] !== undefined
    sendPage(response, 200, renderContinuePage({ serverName, continueTo: returnTo, leaves }))
  }

  /** The browser gets a new session for another account; what was issued to clients stays. */
  async #endSession(interaction: Interaction): Promise<void> {
    const uid = interaction.session?.uid
    const find = async () => (uid === undefined ? undefined : this.#parts.provider.Session.findByUid(uid))
    for (let session = await find(); session !== undefined; session = await find()) await session.destroy()
    interaction.session = undefined
    await interaction.persist()
  }

  #refuse(response: ServerResponse, status: number, message: string): void {
    const page = renderErrorPage({ serverName: this.#parts.serverName, title: 'Start again', message })
    sendPage(response, status, page)
  }
}
