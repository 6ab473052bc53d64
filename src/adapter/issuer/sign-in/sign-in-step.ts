import type Provider from 'oidc-provider'
import type { Account, AccountStore } from '../../../core/identity/account-store.js'
import type { Application } from '../../../core/identity/application.js'
import type { Tenant } from '../../../core/identity/tenant.js'
import type { AccountDirectory } from './account-directory.js'
import { parameterOf, type StepAnswer, type Submission, type Visit } from './interaction-step.js'
import { formatSubject } from './issuer-subject.js'
import { renderErrorPage } from '../page/error-page.js'
import { renderSignInPage } from '../page/sign-in-page.js'
import type { PasswordHasher } from '../password-hasher.js'
import type { SignInAudit } from './sign-in-audit.js'
import type { SignInLimits } from './sign-in-limits.js'

export interface SignInParts {
  readonly provider: Provider
  readonly application: Application
  readonly directory: AccountDirectory
  readonly accounts: AccountStore
  readonly hasher: PasswordHasher
  readonly limits: SignInLimits
  readonly audit: SignInAudit
}

/** One sentence for a wrong password, an unknown or disabled account, and an account without a password. */
const refusal = 'E-mail address or password is wrong.'
const longestEmail = 254

interface Credentials {
  readonly tenant: Tenant
  readonly email: string
  readonly password: string
}

/** The sign-in page: tenant, address, password. */
export class SignInStep {
  readonly #parts: SignInParts

  constructor(parts: SignInParts) {
    this.#parts = parts
  }

  show(visit: Visit): Promise<StepAnswer> {
    return this.#page(visit, { email: parameterOf(visit.interaction, 'login_hint')?.slice(0, longestEmail) })
  }

  /** Throws `UpstreamError` when a database or the audit log does not answer, or too many sign in at once. */
  async submit(submission: Submission): Promise<StepAnswer> {
    const { form } = submission
    const chosen = form.get('tenant') ?? ''
    const email = (form.get('email') ?? '').trim().slice(0, longestEmail)
    const tenant = await this.#parts.directory.findTenant(chosen)
    if (tenant === undefined) {
      return this.#page(submission, { email, status: 400, problem: 'Choose your organisation.' })
    }
    return this.#attempt(submission, { tenant, email, password: form.get('password') ?? '' })
  }

  async #attempt(visit: Visit, credentials: Credentials): Promise<StepAnswer> {
    const { tenant, email } = credentials
    const attempt = { visit, tenant, email }
    const wait = await this.#parts.limits.take(attempt)
    if (wait !== undefined) {
      this.#failed(visit, tenant, { reason: 'failed' })
      const problem = `Too many attempts. Try again in ${Math.ceil(wait / 60)} min.`
      return this.#page(visit, { chosen: tenant.slug, email, status: 429, problem, retryAfter: wait })
    }
    const account = await this.#verify(visit, credentials)
    if (account === undefined) {
      return this.#page(visit, { chosen: tenant.slug, email, status: 401, problem: refusal })
    }
    await this.#parts.limits.succeeded(attempt)
    await this.#parts.audit.record({
      type: 'signin.completed',
      interaction: visit.interaction,
      tenant,
      subject: account.id,
      caller: visit.caller,
    })
    const login = { accountId: formatSubject(tenant, account.id), amr: ['pwd'], remember: true }
    return { kind: 'result', result: { login }, keepEarlier: false }
  }

  async #verify(visit: Visit, { tenant, email, password }: Credentials): Promise<Account | undefined> {
    const account = await this.#parts.accounts.findByEmail(tenant, email)
    const stored = account === undefined ? undefined : await this.#parts.accounts.findPasswordHash(tenant, account.id)
    const matches = await this.#parts.hasher.verify(password, stored)
    if (account === undefined) this.#failed(visit, tenant, { reason: 'ERR_ACCOUNT_UNKNOWN' })
    else if (!matches) this.#failed(visit, tenant, { reason: 'invalid', subject: account.id })
    else if (account.disabled) this.#failed(visit, tenant, { reason: 'ERR_ACCOUNT_DISABLED', subject: account.id })
    else return account
    return undefined
  }

  #failed(visit: Visit, tenant: Tenant, fact: { readonly reason: string; readonly subject?: string }): void {
    const { interaction, caller } = visit
    this.#parts.audit.count({ type: 'signin.failed', interaction, tenant, caller, ...fact })
  }

  async #page(visit: Visit, view: SignInView): Promise<StepAnswer> {
    const { application, directory, provider } = this.#parts
    const serverName = application.name
    const tenants = await directory.admittedTenants()
    if (tenants.length === 0) {
      const message = 'No organisation can sign in here at the moment.'
      return { kind: 'page', status: 403, page: renderErrorPage({ serverName, title: 'Sign in', message }) }
    }
    const client = await provider.Client.find(parameterOf(visit.interaction, 'client_id') ?? '')
    const page = renderSignInPage({
      serverName,
      clientName: client?.clientName ?? 'An application without a name',
      csrf: visit.csrf,
      tenants,
      chosen: view.chosen,
      email: view.email,
      problem: view.problem,
    })
    return { kind: 'page', status: view.status ?? 200, page, retryAfter: view.retryAfter }
  }
}

interface SignInView {
  readonly status?: number
  readonly problem?: string
  readonly chosen?: string | undefined
  readonly email?: string | undefined
  readonly retryAfter?: number
}
