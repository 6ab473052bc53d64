import { html } from './html.js'
import { renderPage } from './render-page.js'

export interface ErrorPage {
  readonly serverName: string
  readonly title: string
  readonly message: string
  /** A code of OAuth 2.0, for the developer of the client. */
  readonly code?: string | undefined
  readonly detail?: string | undefined
}

/** A page for what ended a sign-in. */
export function renderErrorPage(page: ErrorPage): string {
  return renderPage({
    title: page.title,
    serverName: page.serverName,
    body: html`<h1>${page.title}</h1>
      <p class="problem" role="alert">${page.message}</p>
      ${
        page.code === undefined
          ? undefined
          : html`<p class="fact"><code>${page.code}</code> <bdi>${page.detail}</bdi></p>`
      }`,
  })
}
