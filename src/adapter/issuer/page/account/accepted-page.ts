import { html } from '../html.js'
import { renderPage } from '../render-page.js'

export interface AcceptedPage {
  readonly serverName: string
  /** What its button says. */
  readonly provider: string
}

/** What follows once an invitation was accepted with a provider. */
export function renderAcceptedPage({ provider, serverName }: AcceptedPage): string {
  return renderPage({
    title: 'Invitation accepted',
    serverName,
    body: html`<h1>Your account is ready</h1>
      <p>Go back to the application and sign in with <bdi>${provider}</bdi>.</p>`,
  })
}
