import type { ConnectRefusal } from '../../../core/external-service/connect/connect-flow.js'
import type { UserService } from '../../../core/external-service/connect/user-service.js'
import { html, type Html } from '../page/html.js'
import { renderPage } from '../page/render-page.js'

export interface ConnectPage {
  readonly serverName: string
  readonly service: UserService
  readonly tenantName: string
  readonly email: string
  readonly csrf: string
}

/** What is asked before a browser goes to a service. */
export function renderConnectPage({ csrf, email, serverName, service, tenantName }: ConnectPage): string {
  const { auth, name, url } = service
  return renderPage({
    title: `Sign in at ${name}`,
    serverName,
    body: html`<h1>Let <bdi>${serverName}</bdi> use <bdi>${name}</bdi> for you?</h1>
      <p class="lead">
        You go to <bdi>${name}</bdi>, sign in there and allow the access. From then on tools of <bdi>${serverName}</bdi>
        can use it in your name, when you or your assistant calls them.
      </p>
      <dl>
        <dt>Service</dt>
        <dd><bdi>${name}</bdi>, at <code>${new URL(url).host}</code></dd>
        <dt>You sign in at</dt>
        <dd><code>${new URL(auth.authorizationEndpoint).host}</code></dd>
        <dt>Your account here</dt>
        <dd><bdi>${email}</bdi> of <bdi>${tenantName}</bdi></dd>
      </dl>
      ${scopesOf(auth.scopes)}
      <p>Go on only if you have just asked for this yourself.</p>
      <form method="post">
        <input type="hidden" name="csrf" value="${csrf}" />
        <button class="button" name="action" value="connect">Go to <bdi>${name}</bdi></button>
      </form>`,
  })
}

function scopesOf(scopes: readonly string[]): Html {
  if (scopes.length === 0) return html`<p>It asks for whatever the service gives by itself.</p>`
  return html`<p>It asks there for:</p>
    <ul class="scopes">
      ${scopes.map((scope) => html`<li><code>${scope}</code></li>`)}
    </ul>`
}

/** What is shown at the end. */
export function renderConnectedPage(serverName: string, { name }: UserService): string {
  return renderPage({
    title: `Signed in at ${name}`,
    serverName,
    body: html`<h1>Done</h1>
      <p>
        <bdi>${serverName}</bdi> can use <bdi>${name}</bdi> for you now. Close this window, and ask your assistant to
        try again.
      </p>`,
  })
}

interface Words {
  readonly status: number
  readonly message: string
}

export interface ConnectRefusedPage {
  readonly serverName: string
  readonly reason: ConnectRefusal
  /** Where it is known. */
  readonly service: string | undefined
  /** Where somebody signs out here, to sign in with another account. */
  readonly signOutPath: string
}

/** Why a user was not connected, in our own words: what the service has said is shown to nobody. */
export function renderConnectRefusedPage(page: ConnectRefusedPage): { readonly status: number; readonly page: string } {
  const { reason, serverName, service, signOutPath } = page
  const { message, status } = wordsFor(reason, service)
  const signOut = html`<p><a class="button quiet" href="${signOutPath}">Sign out here</a></p>`
  const body = html`<h1>This cannot go on</h1>
    <p class="problem" role="alert">${message}</p>
    ${reason === 'account' ? signOut : undefined}`
  return { status, page: renderPage({ title: 'This cannot go on', serverName, body }) }
}

function wordsFor(reason: ConnectRefusal, service: string | undefined): Words {
  const name = service ?? 'the service'
  switch (reason) {
    case 'account':
      return {
        status: 403,
        message:
          'This link was made for another account than the one that you are signed in with here. Nothing has happened. If somebody ' +
          'sent it to you, do not go on; if it is yours, sign out here, sign in with the other account and open it again.',
      }
    case 'link':
      return {
        status: 400,
        message:
          'This link was used already, has expired, or is not for your organisation. Ask your assistant to try again.',
      }
    case 'sign-in':
      return {
        status: 400,
        message:
          'This sign-in was begun in another browser or by another account, was used already, or has expired. Nothing has happened. ' +
          'Ask your assistant to try again.',
      }
    case 'changed':
      return {
        status: 409,
        message: `${name} was changed meanwhile, or your account was. Ask your assistant to try again.`,
      }
    case 'denied':
      return { status: 403, message: `You did not allow the access at ${name}, so nothing has changed here.` }
    case 'no answer':
      return {
        status: 502,
        message: `${name} did not confirm that you signed in. Ask your assistant to try again later.`,
      }
    case 'unusable':
      return { status: 409, message: `${name} cannot be used yet: its administrator has to set it up.` }
  }
}
