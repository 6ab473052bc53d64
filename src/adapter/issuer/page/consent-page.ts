import type { Category, Grants } from '../../../core/permission/grants.js'
import { choiceForm } from './choice-form.js'
import { clientNameOf } from './client-name.js'
import { destinationOf, type Destination } from './destination.js'
import { html, type Html } from './html.js'
import { renderPage } from './render-page.js'

export interface ConsentPage {
  readonly serverName: string
  readonly clientName: string | undefined
  readonly redirectUri: string
  readonly resourceName: string
  readonly tenantName: string
  readonly email: string
  readonly scopes: readonly string[]
  /** Scopes that are asked for, but that this account does not have today. */
  readonly notHeld: readonly string[]
  /** What the account is granted: all of it but the scopes goes along with the base scope. */
  readonly grants: Grants
  readonly csrf: string
}

const scopeWords: Readonly<Record<string, string>> = {
  openid: 'Know which account you use',
  email: 'See your e-mail address',
  profile: 'See your name',
}

const categoriesThatGoAlong: readonly Category[] = ['roles', 'groups', 'resources', 'permissions']
const mostNames = 6

/** The question whether this client may act for the user: who asks, where the access goes, and for what. */
export function renderConsentPage(page: ConsentPage): string {
  const destination = destinationOf(page.redirectUri)
  return renderPage({
    title: 'Allow access',
    serverName: page.serverName,
    body: html`<h1>Allow ${clientNameOf(page.clientName)}?</h1>
      <p class="lead">Anyone can call an app by this name. Check the address below.</p>
      <p class="destination"><span>Your access will be handed to</span> ${destination.label}</p>
      ${warningOf(destination)}
      <ul class="scopes">
        ${page.scopes.map((scope) => scopeItem(scope, page))}
      </ul>
      <dl>
        <dt>Signed in as</dt>
        <dd><bdi>${page.email}</bdi></dd>
        <dt>Organisation</dt>
        <dd><bdi>${page.tenantName}</bdi></dd>
      </dl>
      ${choiceForm({
        csrf: page.csrf,
        accept: { action: 'allow', label: 'Allow' },
        refuse: { action: 'deny', label: 'Deny' },
        otherAccount: 'switch',
      })}`,
  })
}

function scopeItem(scope: string, page: ConsentPage): Html {
  if (scope === 'mcp') return html`<li>${wordsForBase(page)} on <bdi>${page.resourceName}</bdi></li>`
  const words = Object.hasOwn(scopeWords, scope) ? scopeWords[scope] : undefined
  if (words !== undefined) return html`<li>${words}</li>`
  const note = page.notHeld.includes(scope)
    ? html` <em>(not yours today; Allow also covers it if it is granted to you later)</em>`
    : undefined
  return html`<li>Use your <code>${scope}</code> permission${note}</li>`
}

/** A client that may connect may use whatever the account's grants open, so they are named, not paraphrased. */
function wordsForBase({ grants }: ConsentPage): Html {
  const named = categoriesThatGoAlong.filter((category) => grants[category].length > 0)
  if (named.length === 0) return html`Use what every member may use`
  const last = named.length - 1
  return html`Use everything your
  ${named.map((category, index) => {
    const separator = index === 0 ? '' : index === last ? ' and ' : ', '
    return html`${separator}${category} (${namesOf(grants[category])})`
  })}
  allow`
}

function namesOf(names: readonly string[]): Html {
  const more = names.length - mostNames
  return html`<bdi>${names.slice(0, mostNames).join(', ')}</bdi>${more > 0 ? ` and ${more} more` : undefined}`
}

function warningOf({ kind }: Destination): Html | undefined {
  if (kind === 'web') return undefined
  return html`<p class="warning">
    Any program on your device can ask like this. Allow it only if you just started the sign-in yourself.
  </p>`
}
