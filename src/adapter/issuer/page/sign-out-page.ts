import { destinationOf } from '../consent/destination.js'
import { lookAlikes } from '../consent/look-alike.js'
import { warningOfLookAlike } from '../consent/warnings.js'
import { clientNameOf } from './client-name.js'
import { html, type Html } from './html.js'
import { renderPage } from './render-page.js'

/** Where a client would have the user go on to. */
export interface Onward {
  readonly clientId: string
  readonly clientName: string | undefined
  readonly uri: string
}

export interface SignOutPage {
  readonly serverName: string
  /** Of the client that sent the user here, where it said which it is. */
  readonly client: { readonly name: string | undefined } | undefined
  readonly onward: Onward | undefined
  /** Who is signed in. */
  readonly email: string | undefined
  readonly csrf: string
}

/** The question whether the user wants to sign out: links of others lead here too. */
export function renderSignOutPage(page: SignOutPage): string {
  return renderPage({
    title: 'Sign out',
    serverName: page.serverName,
    body: html`<h1>Sign out?</h1>
      ${page.client === undefined ? undefined : html`<p class="lead">${clientNameOf(page.client.name)} sent you here.</p>`}
      <p>Every app that you connected from this browser with this account loses its access and has to ask you again.</p>
      ${
        page.email === undefined
          ? undefined
          : html`<p class="fact">
              <span>Signed in as</span> <strong><bdi>${page.email}</bdi></strong>
            </p>`
      }
      ${page.onward === undefined ? undefined : destinationItem(page.onward, 'Then you go on to')}
      <form method="post">
        <input type="hidden" name="csrf" value="${page.csrf}" />
        <div class="choice">
          <button class="button" name="action" value="sign-out">Sign out</button>
          <button class="button quiet" name="action" value="stay">Stay signed in</button>
        </div>
      </form>`,
  })
}

export interface AfterSignOutPage {
  readonly serverName: string
  readonly state: 'signed out' | 'signed in'
  /** Where the user may go on to. */
  readonly onward?: Onward | undefined
  /** Where the user is taken at once. */
  readonly continueTo?: string | undefined
}

/** What is shown once the question is settled. */
export function renderAfterSignOutPage({ serverName, state, onward, continueTo }: AfterSignOutPage): string {
  const target = continueTo ?? onward?.uri
  return renderPage({
    title: state === 'signed out' ? 'Signed out' : 'Still signed in',
    serverName,
    continueTo,
    body: html`<h1 class="done">You are ${state === 'signed out' ? 'signed out' : 'still signed in'}</h1>
      <p>You can close this page.</p>
      ${
        onward === undefined
          ? undefined
          : html`<p class="lead">
                ${clientNameOf(onward.clientName)} would have you go on. Anyone can call an app by this name.
              </p>
              ${destinationItem(onward, 'This leads to')}`
      }
      ${target === undefined ? undefined : html`<p><a class="button" href="${target}">Continue</a></p>`}`,
  })
}

/** The host, as on the consent page, with what there is to be warned of. */
function destinationItem({ clientId, clientName, uri }: Onward, words: string): Html {
  return html`<p class="destination"><span>${words}</span> ${destinationOf(uri).label}</p>
    ${lookAlikes({ name: clientName, uri, clientId }).map(warningOfLookAlike)}`
}
