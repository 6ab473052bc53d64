import { clientNameOf } from '../page/client-name.js'
import { html, type Html } from '../page/html.js'
import { renderPage } from '../page/render-page.js'
import type { Consent, UnreadableConsent } from '../record/issuer-consents.js'
import { destinationOf } from './destination.js'
import { publisherItem } from './publisher-item.js'
import { wordsFor, type ScopeWords } from './scope-words.js'

/** Where users see what they have allowed, and take it back. */
export const consentsPath = '/authsec/consents'

export interface ConsentsPage {
  readonly serverName: string
  readonly tenantName: string
  readonly email: string
  readonly consents: readonly Consent[]
  readonly scopeWords: ScopeWords
  readonly csrf: string
}

/** The apps that a user has allowed something, each with the way to take it back. */
export function renderConsentsPage(page: ConsentsPage): string {
  const { consents, email, serverName, tenantName } = page
  return renderPage({
    title: 'Apps you allowed',
    serverName,
    body: html`<h1>Apps you allowed</h1>
      <p class="lead">
        These apps may act for <bdi>${email}</bdi> of <bdi>${tenantName}</bdi>. They gave themselves their names. What
        you take back ends at once.
      </p>
      ${consents.length === 0 ? html`<p class="fact">No app may act for you here.</p>` : undefined}
      ${consents.map((consent) => consentItem(consent, page))}`,
  })
}

function consentItem(consent: Consent, page: ConsentsPage): Html {
  if (consent.kind === 'unreadable') return unreadableItem(consent, page)
  return html`<section class="consent">
    <h2>${clientNameOf(consent.clientName)}</h2>
    <dl>
      <dt>Handed to</dt>
      <dd>${destinationOf(consent.destination).label}</dd>
      ${publisherItem(consent.clientId)}
      <dt>Allowed</dt>
      <dd>${timeOf(consent.since)}</dd>
      <dt>Last used</dt>
      <dd>${timeOf(consent.usedAt)}</dd>
      <dt>Ends</dt>
      <dd>${timeOf(consent.expiresAt)}</dd>
    </dl>
    <ul class="scopes">
      ${consent.scopes.map((scope) => html`<li>${scopeLine(scope, page.scopeWords)}</li>`)}
    </ul>
    ${takeBackForm(consent, page)}
  </section>`
}

function unreadableItem(consent: UnreadableConsent, page: ConsentsPage): Html {
  return html`<section class="consent">
    <h2>An app that cannot be shown</h2>
    <p>What is on record about it cannot be read. Take it back, and allow the app again when it asks you.</p>
    <dl>
      <dt>Ends</dt>
      <dd>${timeOf(consent.expiresAt)}</dd>
    </dl>
    ${takeBackForm(consent, page)}
  </section>`
}

function takeBackForm({ key }: Consent, { csrf }: ConsentsPage): Html {
  return html`<form method="post" action="${consentsPath}">
    <input type="hidden" name="csrf" value="${csrf}" />
    <input type="hidden" name="consent" value="${key}" />
    <button class="button quiet" name="action" value="take-back">Take back</button>
  </form>`
}

function scopeLine(scope: string, given: ScopeWords): Html {
  if (scope === 'mcp') return html`Connect, and use what you may use`
  const words = wordsFor(scope, given)
  return words === undefined ? html`<code>${scope}</code>` : html`<bdi>${words}</bdi> <code>${scope}</code>`
}

function timeOf(seconds: number | undefined): Html {
  if (seconds === undefined) return html`<span class="aside">not known</span>`
  const at = new Date(seconds * 1000).toISOString()
  return html`<time datetime="${at}">${at.slice(0, 10)} ${at.slice(11, 16)} UTC</time>`
}
