import { longestPassword, shortestPassword } from '../../password/password-policy.js'
import { html, type Html } from '../html.js'
import { renderPage } from '../render-page.js'

export interface NewPasswordPage {
  readonly serverName: string
  readonly tenantName: string
  readonly email: string
  readonly purpose: 'invitation' | 'reset'
  readonly csrf: string
  readonly problem: string | undefined
  /** To accept an invitation by. */
  readonly buttons: Html | undefined
}

/** The form behind an invitation or a reset. */
export function renderNewPasswordPage(page: NewPasswordPage): string {
  const title = page.purpose === 'invitation' ? 'Welcome' : 'Choose a new password'
  return renderPage({
    title,
    serverName: page.serverName,
    body: html`<h1>${title}</h1>
      <p class="fact">
        <span>Organisation</span> <strong><bdi>${page.tenantName}</bdi></strong>
      </p>
      <p class="fact">
        <span>Account</span> <strong><bdi>${page.email}</bdi></strong>
      </p>
      ${page.problem === undefined ? undefined : html`<p class="problem" role="alert">${page.problem}</p>`}
      <form method="post" autocomplete="on">
        <input type="hidden" name="csrf" value="${page.csrf}" />
        <input type="hidden" name="username" value="${page.email}" autocomplete="username" />
        <label for="password">New password</label>
        <input
          id="password"
          name="password"
          type="password"
          autocomplete="new-password"
          minlength="${shortestPassword}"
          maxlength="${longestPassword}"
          aria-describedby="rule"
          required
        />
        <label for="repeated">New password again</label>
        <input
          id="repeated"
          name="repeated"
          type="password"
          autocomplete="new-password"
          maxlength="${longestPassword}"
          required
        />
        <p class="lead" id="rule">
          At least ${shortestPassword} characters; a few words that nobody would guess are best. What was signed in
          before is signed out.
        </p>
        <button class="button" name="action" value="set">Set password</button>
      </form>
      ${
        page.buttons === undefined
          ? undefined
          : html`<p class="lead">Or accept with an account that you have elsewhere, and need no password here.</p>
              ${page.buttons}`
      }`,
  })
}

export interface PasswordSetPage {
  readonly serverName: string
  /** Whether whatever was signed in before is signed out. */
  readonly sessions: 'ended' | 'not all ended'
}

/** What follows. */
export function renderPasswordSetPage({ serverName, sessions }: PasswordSetPage): string {
  return renderPage({
    title: 'Password set',
    serverName,
    body: html`<h1>Your password is set</h1>
      <p>Go back to the application and sign in with it.</p>
      ${
        sessions === 'ended'
          ? undefined
          : html`<p class="problem" role="alert">
              Not everything that was signed in before could be signed out. Tell an administrator.
            </p>`
      }`,
  })
}
