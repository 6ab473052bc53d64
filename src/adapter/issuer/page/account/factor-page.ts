import { html, type Html } from '../html.js'
import { renderPage } from '../render-page.js'
import { passkeyForm } from './passkey-form.js'

export interface FactorPage {
  readonly serverName: string
  readonly tenantName: string
  readonly email: string
  readonly csrf: string
  /** Whether there is an authenticator app; recovery codes are taken in any case. */
  readonly app: 'enrolled' | 'absent'
  /** `undefined` where there is no passkey, or none can be used here. */
  readonly passkeyOptions: string | undefined
  readonly problem: string | undefined
}

/** The question after the password. */
export function renderFactorPage(page: FactorPage): string {
  const { csrf, passkeyOptions: options } = page
  return renderPage({
    title: 'Second step',
    serverName: page.serverName,
    body: html`<h1>One more step</h1>
      ${accountFact(page)} ${problemOf(page.problem)}
      ${
        options === undefined
          ? undefined
          : passkeyForm({
              csrf,
              options,
              action: 'factor-passkey',
              label: 'Use your passkey',
              extra: anotherField('p'),
            })
      }
      <form method="post" autocomplete="off">
        <input type="hidden" name="csrf" value="${csrf}" />
        <label for="code"
          >${page.app === 'enrolled' ? 'Code of your authenticator app, or a recovery code' : 'Recovery code'}</label
        >
        <input
          id="code"
          name="code"
          autocomplete="one-time-code"
          inputmode="text"
          maxlength="20"
          autocapitalize="none"
          spellcheck="false"
          required
        />
        ${anotherField('c')}
        <button class="button" name="action" value="factor-code">Continue</button>
        <button class="link" name="action" value="factor-restart" formnovalidate>Use another account</button>
      </form>`,
  })
}

/** For who has proved themselves and wants one more way to. */
function anotherField(id: string): Html {
  return html`<label for="another-${id}"
    ><input id="another-${id}" name="another" type="checkbox" value="yes" /> Set up another way afterwards</label
  >`
}

export interface EnrolmentPage {
  /** What the button says that leads away. */
  readonly leave: string
  readonly serverName: string
  readonly tenantName: string
  readonly email: string
  readonly csrf: string
  /** What an authenticator app needs, for eyes and for a camera; `undefined` where there is one already. */
  readonly app: { readonly secret: string; readonly picture: Html } | undefined
  /** `undefined` where passkeys cannot be used. */
  readonly passkeyOptions: string | undefined
  readonly problem: string | undefined
}

/** Where a second factor is set up. */
export function renderEnrolmentPage(page: EnrolmentPage): string {
  const { app, csrf, passkeyOptions: options } = page
  return renderPage({
    title: 'Set up a second step',
    serverName: page.serverName,
    body: html`<h1>Set up a second step</h1>
      ${accountFact(page)}
      <p class="lead">From now on your password alone will not be enough to sign in.</p>
      ${problemOf(page.problem)} ${app === undefined ? undefined : appForm(csrf, app)}
      ${
        options === undefined
          ? undefined
          : passkeyForm({ csrf, options, action: 'factor-enrol-passkey', label: 'Set up a passkey' })
      }
      <form method="post">
        <input type="hidden" name="csrf" value="${csrf}" />
        <button class="link" name="action" value="factor-restart">${page.leave}</button>
      </form>`,
  })
}

function appForm(csrf: string, { picture, secret }: NonNullable<EnrolmentPage['app']>): Html {
  return html`<p>Scan this with an authenticator app, or type the key into it, and enter the code that it shows.</p>
    <p>${picture}</p>
    <p class="fact"><span>Key</span> <code>${secret}</code></p>
    <form method="post" autocomplete="off">
      <input type="hidden" name="csrf" value="${csrf}" />
      <label for="code">Code</label>
      <input id="code" name="code" autocomplete="one-time-code" inputmode="numeric" maxlength="10" required />
      <button class="button" name="action" value="factor-enrol-code">Set up the app</button>
    </form>`
}

export interface RecoveryCodesPage {
  readonly serverName: string
  readonly csrf: string
  /** None where those from before stay good. */
  readonly codes: readonly string[]
  /** Tells these codes from all others; `undefined` where there are none. */
  readonly set: string | undefined
  readonly problem: string | undefined
}

/** What follows an enrolment: the codes are shown here and never again. */
export function renderRecoveryCodesPage({ codes, csrf, problem, serverName, set }: RecoveryCodesPage): string {
  return renderPage({
    title: 'Second step set up',
    serverName,
    body: html`<h1>The second step is set up</h1>
      ${problemOf(problem)}
      ${
        codes.length === 0
          ? undefined
          : html`<p>Keep these recovery codes where only you find them. Each lets you in once, without your device.</p>
              <p class="warning">They are shown this once, and take the place of any that you were shown before.</p>
              <ul class="codes">
                ${codes.map((code) => html`<li><code>${code}</code></li>`)}
              </ul>`
      }
      <form method="post">
        <input type="hidden" name="csrf" value="${csrf}" />
        ${set === undefined ? undefined : html`<input type="hidden" name="codes" value="${set}" />`}
        <button class="button" name="action" value="factor-done">Continue</button>
      </form>`,
  })
}

function accountFact({ email, tenantName }: Pick<FactorPage, 'email' | 'tenantName'>): Html {
  return html`<p class="fact">
    <span>Account</span> <strong><bdi>${email}</bdi></strong> of <bdi>${tenantName}</bdi>
  </p>`
}

function problemOf(problem: string | undefined): Html | undefined {
  return problem === undefined ? undefined : html`<p class="problem" role="alert">${problem}</p>`
}
