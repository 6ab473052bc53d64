import { html, type Html } from './html.js'
import { iconPath } from './icon.js'

/** Where the one stylesheet of the sign-in pages is served; no page has styles or scripts of its own. */
export const stylesheetPath = '/authsec/signin.css'

export interface PageParts {
  readonly title: string
  /** The protected server that the user signs in to. */
  readonly serverName: string
  readonly body: Html
  /** Goes there at once. A page instead of a redirect: `form-action` covers the whole redirect chain of a form. */
  readonly continueTo?: string | undefined
}

/** A complete document around `body`. */
export function renderPage(parts: PageParts): string {
  const refresh = parts.continueTo === undefined ? undefined : refreshTo(parts.continueTo)
  return html`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <meta name="color-scheme" content="light dark" />
        <meta name="robots" content="noindex" />
        ${refresh}
        <title>${parts.title} · ${parts.serverName}</title>
        <link rel="icon" type="image/svg+xml" href="${iconPath}" />
        <link rel="stylesheet" href="${stylesheetPath}" />
      </head>
      <body>
        <main>
          <p class="server"><bdi>${parts.serverName}</bdi></p>
          ${parts.body}
        </main>
      </body>
    </html> `.toString()
}

function refreshTo(url: string): Html {
  return html`<meta http-equiv="refresh" content="0;url=${url}" />`
}

export interface ContinuePage {
  readonly serverName: string
  readonly continueTo: string
  /** Whether the user is done here; after a sign-in another question may follow. */
  readonly leaves: boolean
}

/** The page that follows an answered form. */
export function renderContinuePage({ serverName, continueTo, leaves }: ContinuePage): string {
  return renderPage({
    title: 'Continue',
    serverName,
    continueTo,
    body: html`<h1>One moment</h1>
      <p>${leaves ? 'You are being taken back to the application.' : 'Continuing…'}</p>
      <p><a class="button" href="${continueTo}">Continue</a></p>`,
  })
}
