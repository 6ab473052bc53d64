import { html, type Html } from './html.js'
import { renderPage } from './render-page.js'

export interface ConsentPage {
  readonly serverName: string
  readonly clientName: string
  readonly redirectUri: string
  readonly resourceName: string
  readonly tenantName: string
  readonly email: string
  readonly scopes: readonly string[]
  /** Scopes that are asked for, but that this account does not have today. */
  readonly notHeld: readonly string[]
  readonly csrf: string
}

const scopeWords: Readonly<Record<string, string>> = {
  openid: 'Know which account you use',
  email: 'See your e-mail address',
  profile: 'See your name',
}

/** The question whether this client may act for the user: who asks, where the answer goes, and for what. */
export function renderConsentPage(page: ConsentPage): string {
  return renderPage({
    title: 'Allow access',
    serverName: page.serverName,
    body: html`<h1>Allow <bdi>${page.clientName}</bdi>?</h1>
      <p class="lead">
        It wants to use <bdi>${page.resourceName}</bdi> as you. Its name is its own claim and was not checked.
      </p>
      <ul class="scopes">
        ${page.scopes.map((scope) => scopeItem(scope, page))}
      </ul>
      <dl>
        <dt>Signed in as</dt>
        <dd><bdi>${page.email}</bdi></dd>
        <dt>Organisation</dt>
        <dd><bdi>${page.tenantName}</bdi></dd>
        <dt>The answer goes to</dt>
        <dd><bdi>${destinationOf(page.redirectUri).label}</bdi></dd>
      </dl>
      ${warningOf(page.redirectUri)}
      <form method="post">
        <input type="hidden" name="csrf" value="${page.csrf}" />
        <button class="button" name="action" value="allow">Allow</button>
        <button class="button quiet" name="action" value="deny">Deny</button>
        <button class="link" name="action" value="switch">Use another account</button>
      </form>`,
  })
}

function scopeItem(scope: string, page: ConsentPage): Html {
  if (scope === 'mcp')
    return html`<li>Connect to <bdi>${page.resourceName}</bdi> and use what every member may use</li>`
  const words = Object.hasOwn(scopeWords, scope) ? scopeWords[scope] : undefined
  if (words !== undefined) return html`<li>${words}</li>`
  const note = page.notHeld.includes(scope) ? html` <em>(you do not have it today)</em>` : undefined
  return html`<li>Use your <code>${scope}</code> permission${note}</li>`
}

type Destination = { readonly kind: 'web' | 'loopback' | 'program'; readonly label: string }

function destinationOf(redirectUri: string): Destination {
  const url = new URL(redirectUri)
  if (url.protocol === 'https:') return { kind: 'web', label: url.host }
  if (url.protocol === 'http:') return { kind: 'loopback', label: `a program on this computer (${url.hostname})` }
  return { kind: 'program', label: `the program that opens ${url.protocol}` }
}

function warningOf(redirectUri: string): Html | undefined {
  if (destinationOf(redirectUri).kind === 'web') return undefined
  return html`<p class="warning">
    Any program on your device can ask like this. Allow it only if you just started the sign-in yourself.
  </p>`
}
