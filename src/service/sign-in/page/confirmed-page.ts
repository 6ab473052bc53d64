import { html } from '../../../adapter/issuer/page/html.js'
import { renderPage } from '../../../adapter/issuer/page/render-page.js'

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
      <form method="post">
        <input type="hidden" name="csrf" value="${csrf}" />
        <div class="choice">
          <button class="button" name="action" value="confirm">Continue</button>
          <button class="button quiet" name="action" value="deny">Cancel</button>
        </div>
        <button class="link" name="action" value="other-account">Use another account</button>
      </form>`,
  })
}
