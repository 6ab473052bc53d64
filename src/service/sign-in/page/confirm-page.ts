import { html } from '../../../adapter/issuer/page/html.js'
import { renderPage } from '../../../adapter/issuer/page/render-page.js'
import type { LoginRequester } from '../../../core/sign-in/login-transaction.js'
import { confirmForm } from './confirm-form.js'
import { clientWords, placeWords, timeWords } from './requester-words.js'

export interface ConfirmPage {
  readonly serverName: string
  readonly requester: LoginRequester
  readonly startedAt: number
  readonly now: number
  /** Whether the browser is on the server's machine, or may be anywhere. */
  readonly machine: 'same' | 'any'
  readonly number: string
  readonly csrf: string
}

/** The question whether the user asked for this sign-in: who asked, when, from where, and what comes of it. */
export function renderConfirmPage(page: ConfirmPage): string {
  const { serverName, requester, number } = page
  return renderPage({
    title: 'Did you ask to sign in?',
    serverName,
    body: html`<h1>Did you ask to sign in?</h1>
      <dl>
        <dt>Asked by</dt>
        <dd>${clientWords(requester)}</dd>
        <dt>When</dt>
        <dd>${timeWords(page.startedAt, page.now)}</dd>
        <dt>From</dt>
        <dd><bdi>${placeWords(requester, page.machine)}</bdi></dd>
      </dl>
      <p class="destination compare">
        <span>Your assistant has to show this number</span> <strong class="number">${number}</strong>
      </p>
      <p>Whoever asked will be able to use the tools of <bdi>${serverName}</bdi> as you.</p>
      <p class="warning">
        Continue only if you asked for this yourself just now. If somebody sent you this link, cancel.
      </p>
      ${confirmForm(page.csrf)}`,
  })
}
