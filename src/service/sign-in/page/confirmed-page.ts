import { html } from '../../../adapter/issuer/page/html.js'
import { renderPage } from '../../../adapter/issuer/page/render-page.js'
import { confirmForm } from './confirm-form.js'

export interface ConfirmedPage {
  readonly serverName: string
  readonly csrf: string
  /** Why the user sees this instead of what they asked for. */
  readonly problem: string | undefined
}

/** For a browser that has confirmed and is not back from the provider: the way on. */
export function renderConfirmedPage({ serverName, csrf, problem }: ConfirmedPage): string {
  return renderPage({
    title: 'Go on signing in',
    serverName,
    body: html`<h1>Go on signing in</h1>
      ${problem === undefined ? undefined : html`<p class="problem" role="alert">${problem}</p>`}
      <p>You have started signing in to <bdi>${serverName}</bdi> in this browser.</p>
      ${confirmForm(csrf)}`,
  })
}
