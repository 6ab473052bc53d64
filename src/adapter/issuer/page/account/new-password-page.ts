import type { PasswordRule } from '../../../../core/federation/provider/password-rules.js'
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
  /** Whether one would let anybody in. */
  readonly passwords: PasswordRule
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
      ${page.passwords === 'accepted' ? passwordForm(page) : undefined} ${elsewhere(page)}`,
  })
}

function passwordForm(page: NewPasswordPage): Html {
  return html`<form method="post" autocomplete="on">
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
      At least ${shortestPassword} characters; a few words that nobody would guess are best. What was signed in before
      is signed out.
    </p>
    <button class="button" name="action" value="set">Set password</button>
  </form>`
}

/** What there is beside a password, or in its place. */
function elsewhere({ buttons, passwords, purpose }: NewPasswordPage): Html | undefined {
  if (buttons !== undefined) {
    const words =
      passwords === 'accepted'
        ? 'Or accept with an account that you have elsewhere, and need no password here.'
        : 'Accept with the account that you sign in with:'
    return html`<p class="lead">${words}</p>
      ${buttons}`
  }
  if (passwords === 'accepted') return undefined
  return html`<p class="problem" role="alert">
    ${
      purpose === 'invitation'
        ? 'There is no way to accept this invitation at the moment. Ask your administrator.'
        : 'Your organisation does not use passwords here any more. Go back to the application and sign in in another way.'
    }
  </p>`
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
