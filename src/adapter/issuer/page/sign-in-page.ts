import type { OfferedProvider } from '../../../core/federation/provider/upstream-directory.js'
import type { Tenant } from '../../../core/identity/tenant.js'
import { clientNameOf } from './client-name.js'
import { html, type Html } from './html.js'
import { providerButtons } from './provider-buttons.js'
import { renderPage } from './render-page.js'

export interface SignInPage {
  readonly serverName: string
  /** Who asks: a client, by the name that it gave itself, or this server for its own sign-in. */
  readonly client: { readonly name: string | undefined } | 'this server'
  readonly csrf: string
  readonly tenants: readonly Tenant[]
  /** Those where a password lets in. One is fixed and shown by name, several are offered; where there is none, nor is the form. */
  readonly byPassword: readonly Tenant[]
  readonly chosen: string | undefined
  readonly email: string | undefined
  readonly problem: string | undefined
  readonly providers: readonly OfferedProvider[]
}

/** The form that asks for tenant, e-mail address and password. */
export function renderSignInPage(page: SignInPage): string {
  return renderPage({
    title: 'Sign in',
    serverName: page.serverName,
    body: html`<h1>Sign in</h1>
      ${page.client === 'this server' ? undefined : leadOf(page.client.name)}
      ${page.problem === undefined ? undefined : html`<p class="problem" role="alert">${page.problem}</p>`}
      ${page.byPassword.length === 0 ? undefined : passwordForm(page)} ${providerButtons(page)}
      ${page.byPassword.length === 0 ? cancelForm(page) : undefined}`,
  })
}

/** For a page whose buttons all lead away. */
function cancelForm({ csrf, providers }: SignInPage): Html {
  return html`${
      providers.length === 0
        ? html`<p class="problem" role="alert">There is no way to sign in here at the moment. Ask an administrator.</p>`
        : undefined
    }
    <form method="post">
      <input type="hidden" name="csrf" value="${csrf}" />
      <button class="button quiet" name="action" value="deny">Cancel</button>
    </form>`
}

function passwordForm(page: SignInPage): Html {
  return html`<form method="post" autocomplete="on">
    <input type="hidden" name="csrf" value="${page.csrf}" />
    ${tenantField(page)}
    <label for="email">E-mail address</label>
    <input
      id="email"
      name="email"
      type="email"
      value="${page.email}"
      autocomplete="username"
      maxlength="254"
      autocapitalize="none"
      spellcheck="false"
      required
    />
    <label for="password">Password</label>
    <input id="password" name="password" type="password" autocomplete="current-password" maxlength="128" required />
    <button class="button" name="action" value="sign-in">Sign in</button>
    <button class="button quiet" name="action" value="deny" formnovalidate>Cancel</button>
  </form>`
}

function leadOf(clientName: string | undefined): Html {
  return html`<p class="lead">${clientNameOf(clientName)} asks for access on your behalf.</p>`
}

function tenantField(page: SignInPage): Html {
  const [only, ...others] = page.byPassword
  if (only !== undefined && others.length === 0) {
    return html`<input type="hidden" name="tenant" value="${only.slug}" />
      <p class="fact">
        <span>Organisation</span> <strong><bdi>${only.name}</bdi></strong>
      </p>`
  }
  return html`<label for="tenant">Organisation</label>
    <select id="tenant" name="tenant" required>
      ${page.chosen === undefined ? html`<option value="" selected disabled>Choose your organisation</option>` : undefined}
      ${page.byPassword.map((tenant) => tenantOption(tenant, page.chosen))}
    </select>`
}

function tenantOption(tenant: Tenant, chosen: string | undefined): Html {
  if (tenant.slug === chosen) return html`<option value="${tenant.slug}" selected>${tenant.name}</option>`
  return html`<option value="${tenant.slug}">${tenant.name}</option>`
}
