import { html } from '../../../adapter/issuer/page/html.js'
import { renderPage } from '../../../adapter/issuer/page/render-page.js'
import type { Tenant } from '../../../core/identity/tenant.js'
import { showOneTimeCode } from '../../../core/sign-in/one-time-code.js'

export interface CodePage {
  readonly serverName: string
  readonly code: string
  readonly email: string
  readonly tenant: Tenant
  readonly number: string
}

/** The one-time code, for the user to carry over to the assistant that asked. */
export function renderCodePage({ serverName, code, email, tenant, number }: CodePage): string {
  return renderPage({
    title: 'Your code',
    serverName,
    body: html`<h1>Give this code to your assistant</h1>
      <p class="one-time-code">${showOneTimeCode(code)}</p>
      <p>It works once, for five minutes, and signs your assistant in as you.</p>
      <dl>
        <dt>Account</dt>
        <dd><bdi>${email}</bdi></dd>
        <dt>Organisation</dt>
        <dd><bdi>${tenant.name}</bdi></dd>
        <dt>Number</dt>
        <dd>${number}</dd>
      </dl>
      <p class="warning">
        Give it only to the assistant that you asked to sign you in. Whoever else has it can act as you.
      </p>`,
  })
}
