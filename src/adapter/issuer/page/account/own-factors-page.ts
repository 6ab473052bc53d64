import type { AccountFactor, FactorStanding } from '../../../../core/identity/account-factor-store.js'
import { html, type Html } from '../html.js'
import { renderPage } from '../render-page.js'
import { passkeyForm } from './passkey-form.js'

/** Where users see and change what they prove themselves with. */
export const ownFactorsPath = '/authsec/factors'

/** `open`: they have just proved a factor. Else how they can: by one that they have, by their password, or why not here. */
export type OwnFactorsGate = 'open' | 'factor' | 'password' | 'no password' | 'passwords refused'

export interface OwnFactorsPage {
  readonly serverName: string
  readonly tenantName: string
  readonly email: string
  readonly csrf: string
  readonly standing: FactorStanding
  readonly gate: OwnFactorsGate
  /** `undefined` where there is no passkey to prove, or none can be used here. */
  readonly passkeyOptions: string | undefined
  readonly problem: string | undefined
}

const names: Readonly<Record<AccountFactor['kind'], string>> = { totp: 'Authenticator app', passkey: 'Passkey' }

/** What an account proves itself with besides its password, and the ways to change it. */
export function renderOwnFactorsPage(page: OwnFactorsPage): string {
  const { email, gate, problem, serverName, standing, tenantName } = page
  const { factors, recoveryCodes } = standing
  return renderPage({
    title: 'Your second step',
    serverName,
    body: html`<h1>Your second step</h1>
      <p class="fact">
        <span>Account</span> <strong><bdi>${email}</bdi></strong> of <bdi>${tenantName}</bdi>
      </p>
      ${problem === undefined ? undefined : html`<p class="problem" role="alert">${problem}</p>`}
      ${factors.length === 0 ? absence(page) : undefined} ${factors.map((factor) => factorItem(factor, page))}
      ${factors.length === 0 ? undefined : html`<p class="fact">Recovery codes left: ${String(recoveryCodes.left)}</p>`}
      ${gate === 'open' ? openForm(page) : proofForms(page)}`,
  })
}

function factorItem({ createdAt, id, kind, usedAt }: AccountFactor, { csrf, gate }: OwnFactorsPage): Html {
  return html`<section class="consent">
    <h2>${names[kind]}</h2>
    <dl>
      <dt>Set up</dt>
      <dd>${dayOf(createdAt)}</dd>
      <dt>Last used</dt>
      <dd>${usedAt === undefined ? 'not known' : dayOf(usedAt)}</dd>
    </dl>
    ${
      gate === 'open'
        ? html`<form method="post">
            <input type="hidden" name="csrf" value="${csrf}" />
            <input type="hidden" name="factor" value="${id}" />
            <button class="button quiet" name="action" value="factor-remove">Remove, and sign out everywhere</button>
          </form>`
        : undefined
    }
  </section>`
}

/** What it means that there is none: whoever does not sign in with a password here is asked for none. */
function absence({ gate, standing }: OwnFactorsPage): Html | undefined {
  if (gate !== 'password') return undefined
  return standing.demand === 'required'
    ? html`<p class="fact">Your organisation asks for a second step when you sign in with your password.</p>`
    : html`<p class="fact">Your password alone is enough to sign in.</p>`
}

function openForm({ csrf }: OwnFactorsPage): Html {
  return html`<form method="post">
    <input type="hidden" name="csrf" value="${csrf}" />
    <button class="button" name="action" value="factor-another">Set up another way</button>
    <button class="button quiet" name="action" value="factor-codes">Get new recovery codes</button>
  </form>`
}

function proofForms({ csrf, gate, passkeyOptions: options }: OwnFactorsPage): Html {
  if (gate === 'no password' || gate === 'passwords refused') {
    const why = gate === 'no password' ? 'This account has no password' : 'Passwords let nobody in here'
    return html`<p class="lead">${why}: how you sign in is looked after where you do.</p>`
  }
  if (gate === 'password') {
    return html`<p class="lead">
        To set one up, enter your password again. Once it is set up, you are signed out everywhere else.
      </p>
      <form method="post">
        <input type="hidden" name="csrf" value="${csrf}" />
        <label for="password">Password</label>
        <input id="password" name="password" type="password" autocomplete="current-password" maxlength="128" required />
        <button class="button" name="action" value="factor-password">Continue</button>
      </form>`
  }
  return html`<p class="lead">To change anything, show your second step again.</p>
    ${
      options === undefined
        ? undefined
        : passkeyForm({ csrf, options, action: 'factor-passkey', label: 'Use your passkey' })
    }
    <form method="post" autocomplete="off">
      <input type="hidden" name="csrf" value="${csrf}" />
      <label for="code">Code of your authenticator app, or a recovery code</label>
      <input id="code" name="code" autocomplete="one-time-code" maxlength="20" autocapitalize="none" required />
      <button class="button" name="action" value="factor-code">Continue</button>
    </form>`
}

export interface FactorRemovedPage {
  readonly serverName: string
  readonly sessions: 'ended' | 'not all ended'
  /** `stays`: another one was removed at the same time, and this is the last that the account may not do without. */
  readonly factor: 'gone' | 'stays'
}

/** What follows a removal. */
export function renderFactorRemovedPage({ factor, serverName, sessions }: FactorRemovedPage): string {
  return renderPage({
    title: factor === 'gone' ? 'Removed' : 'Not removed',
    serverName,
    body: html`<h1>${factor === 'gone' ? 'It is removed' : 'It is not removed'}</h1>
      ${factor === 'gone' ? undefined : html`<p>It is your only one by now, and your organisation asks for one.</p>`}
      <p>You are signed out. Go back to your apps and sign in again.</p>
      ${
        sessions === 'ended'
          ? undefined
          : html`<p class="problem" role="alert">
              Not everything that was signed in before could be signed out. Tell an administrator.
            </p>`
      }`,
  })
}

function dayOf(at: Date): Html {
  const text = at.toISOString()
  return html`<time datetime="${text}">${text.slice(0, 10)}</time>`
}
