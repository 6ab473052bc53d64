import { randomUUID } from 'node:crypto'
import type Provider from 'oidc-provider'
import type { Account, AccountStore } from '../../../core/identity/account-store.js'
import type { OfferedProvider } from '../../../core/federation/provider/upstream-directory.js'
import type { Application } from '../../../core/identity/application.js'
import type { Tenant } from '../../../core/identity/tenant.js'
import type { AccountDirectory } from './account-directory.js'
import { completeSignIn } from './complete-sign-in.js'
import type { FactorStep } from './factor/factor-step.js'
import { parameterOf, type StepAnswer, type Submission, type Visit } from './interaction-step.js'
import { renderErrorPage } from '../page/error-page.js'
import { renderSignInPage, type SignInPage } from '../page/sign-in-page.js'
import type { PasswordHasher } from '../password-hasher.js'
import { CrowdedError, crowdedSeconds, orCrowded } from '../password/crowded-error.js'
import type { RelyingParty } from '../provider/relying-party.js'
import type { SignInAudit } from './sign-in-audit.js'
import type { CountedAttempt, SignInLimits } from './sign-in-limits.js'

export interface SignInParts {
  readonly provider: Provider
  readonly application: Application
  readonly directory: AccountDirectory
  readonly accounts: AccountStore
  readonly hasher: PasswordHasher
  readonly limits: SignInLimits
  /** What comes after the password; `undefined` where there are no second factors. */
  readonly factor: FactorStep | undefined
  readonly relyingParty: RelyingParty | undefined
  readonly audit: SignInAudit
  /** The identity providers that users of these tenants may choose. */
  readonly providers: (tenants: readonly Tenant[]) => Promise<readonly OfferedProvider[]>
  /** UUIDs of the tenants where no password lets anybody in. */
  readonly refusing: () => Promise<ReadonlySet<string>>
}

/** One sentence for a wrong password, an unknown or disabled account, and an account without a password. */
const refusal = 'Organisation, e-mail address or password is wrong.'
const longestEmail = 254

type Verdict = Account | CrowdedError | 'refused'

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

  async show(visit: Visit): Promise<StepAnswer> {
    return (await this.#parts.factor?.show(visit)) ?? this.#begin(visit)
  }

  #begin(visit: Visit): Promise<StepAnswer> {
    return this.#page(visit, { email: parameterOf(visit.interaction, 'login_hint')?.slice(0, longestEmail) })
  }

  /** Throws `UpstreamError` when a database or the audit log does not answer. */
  async submit(submission: Submission): Promise<StepAnswer> {
    const { form } = submission
    if (form.get('action') !== 'sign-in') {
      return (await this.#parts.factor?.submit(submission)) ?? this.#begin(submission)
    }
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
    const shown = { chosen: tenant.slug, email }
    const admission = await this.#parts.limits.take({ visit, tenant, email })
    if (!admission.admitted) {
      const { wait } = admission
      this.#failed(visit, tenant, { reason: 'limited' })
      const problem = `Too many attempts. Try again in ${Math.ceil(wait / 60)} min.`
      return this.#page(visit, { ...shown, status: 429, problem, retryAfter: wait })
    }
    const verdict = await this.#verify(visit, credentials, admission.attempt)
    if (verdict instanceof CrowdedError) {
      return this.#page(visit, { ...shown, status: 429, problem: verdict.problem, retryAfter: crowdedSeconds })
    }
    if (verdict === 'refused') return this.#page(visit, { ...shown, status: 401, problem: refusal })
    const asked = await this.#parts.factor?.ask(visit, tenant, verdict)
    if (asked !== undefined) {
      await admission.attempt.unfinished()
      return asked
    }
    await admission.attempt.succeeded()
    return completeSignIn(this.#parts.audit, visit, { tenant, account: verdict, methods: ['pwd'] })
  }

  async #verify(visit: Visit, { tenant, email, password }: Credentials, attempt: CountedAttempt): Promise<Verdict> {
    const account = await this.#find(tenant, email)
    // An account that does not exist has the same queries asked for it, so that nobody learns from the time which do.
    const stored = await this.#parts.accounts.findPasswordHash(tenant, account?.id ?? randomUUID())
    const matches = await orCrowded(this.#parts.hasher.verify(password, stored, attempt.claim))
    if (matches instanceof CrowdedError) {
      await attempt.withdrawn()
      this.#failed(visit, tenant, { reason: 'limited' })
      return matches
    }
    if (account === undefined) this.#failed(visit, tenant, { reason: 'ERR_ACCOUNT_UNKNOWN' })
    else if (!matches) this.#failed(visit, tenant, { reason: 'invalid', subject: account.id })
    else if (account.disabled) this.#failed(visit, tenant, { reason: 'ERR_ACCOUNT_DISABLED', subject: account.id })
    else if ((await this.#parts.refusing()).has(tenant.id)) {
      this.#failed(visit, tenant, { reason: 'passwords_refused', subject: account.id })
    } else if (await this.#isStill(tenant, account, stored)) return account
    return 'refused'
  }

  /** A password that was reset while it was looked at lets nobody in any more. */
  async #isStill(tenant: Tenant, { id }: Account, stored: string | undefined): Promise<boolean> {
    return (await this.#parts.accounts.findPasswordHash(tenant, id)) === stored
  }

  /** The address as given, else in lower case, as most people write theirs and telephones do not. Both are always looked up. */
  async #find(tenant: Tenant, email: string): Promise<Account | undefined> {
    const { accounts } = this.#parts
    const exact = await accounts.findByEmail(tenant, email)
    const lower = await accounts.findByEmail(tenant, email.toLowerCase())
    return exact ?? lower
  }

  #failed(visit: Visit, tenant: Tenant, fact: { readonly reason: string; readonly subject?: string }): void {
    const { interaction, caller } = visit
    this.#parts.audit.count({ type: 'signin.failed', interaction, tenant, caller, ...fact })
  }

  async #page(visit: Visit, view: SignInView): Promise<StepAnswer> {
    const { application, directory } = this.#parts
    const serverName = application.name
    const tenants = await directory.admittedTenants()
    if (tenants.length === 0) {
      const message = 'No organisation can sign in here at the moment.'
      return { kind: 'page', status: 403, page: renderErrorPage({ serverName, title: 'Sign in', message }) }
    }
    const refusing = await this.#parts.refusing()
    const page = renderSignInPage({
      serverName,
      client: await this.#clientOf(visit),
      csrf: visit.csrf,
      tenants,
      byPassword: tenants.filter(({ id }) => !refusing.has(id)),
      chosen: view.chosen,
      email: view.email,
      problem: view.problem,
      providers: await this.#parts.providers(tenants),
    })
    return { kind: 'page', status: view.status ?? 200, page, retryAfter: view.retryAfter }
  }

  async #clientOf({ interaction }: Visit): Promise<SignInPage['client']> {
    const { provider, relyingParty } = this.#parts
    const clientId = parameterOf(interaction, 'client_id') ?? ''
    if (clientId === relyingParty?.clientId) return 'this server'
    return { name: (await provider.Client.find(clientId))?.clientName }
  }
}

interface SignInView {
  readonly status?: number
  readonly problem?: string
  readonly chosen?: string | undefined
  readonly email?: string | undefined
  readonly retryAfter?: number
}
