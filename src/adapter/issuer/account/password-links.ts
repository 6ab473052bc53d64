import type { Keyring } from '../../../core/credential/keyring.js'
import type { ClientOrigin } from '../../../core/audit/request-origin.js'
import type { AccountLink, AccountLinkStore, ChosenPassword } from '../../../core/identity/account-link-store.js'
import { changeSecurity } from '../../../core/identity/change-security.js'
import type { Account, AccountStore } from '../../../core/identity/account-store.js'
import type { PasswordRule } from '../../../core/federation/provider/password-rules.js'
import type { OfferedProvider } from '../../../core/federation/provider/upstream-directory.js'
import type { SessionDirectory } from '../../../core/identity/session-directory.js'
import type { Tenant } from '../../../core/identity/tenant.js'
import type { Form } from '../http/read-form.js'
import { renderNewPasswordPage, renderPasswordSetPage } from '../page/account/new-password-page.js'
import { providerButtons } from '../page/provider-buttons.js'
import type { PasswordHasher } from '../password-hasher.js'
import { CrowdedError, crowdedSeconds, orCrowded } from '../password/crowded-error.js'
import type { HashingClaim } from '../password/hashing-queue.js'
import { passwordFault } from '../password/password-policy.js'
import type { AccountDirectory } from '../sign-in/account-directory.js'
import type { SignInLimits } from '../sign-in/sign-in-limits.js'
import { linkDigest, type LinkToken } from './account-link.js'

export interface PasswordLinksParts {
  readonly serverName: string
  readonly directory: AccountDirectory
  readonly accounts: AccountStore
  readonly links: AccountLinkStore
  readonly sessions: Pick<SessionDirectory, 'end' | 'ownersOf'>
  readonly hasher: PasswordHasher
  readonly keyring: Keyring
  readonly limits: Pick<SignInLimits, 'know'>
  /** The identity providers that users of this tenant may choose. */
  readonly providers: (tenant: Tenant) => Promise<readonly OfferedProvider[]>
  /** UUIDs of the tenants where no password lets anybody in. */
  readonly refusing: () => Promise<ReadonlySet<string>>
}

/** A link that stands, opened in one browser. */
export interface OpenedLink {
  readonly tenant: Tenant
  readonly account: Account
  readonly link: AccountLink
  readonly digest: string
  readonly csrf: string
  /** The random value in its cookie. */
  readonly browser: string
  /** Those that may take the place of a password: where it is an invitation. */
  readonly providers: readonly OfferedProvider[]
  /** Whether a password would let anybody in. */
  readonly passwords: PasswordRule
}

/** A form, and where it was sent from. */
export interface ReceivedForm {
  readonly form: Form
  readonly caller: ClientOrigin
}

/** What a form is answered with; `used`: somebody was faster. */
export type FormAnswer =
  | {
      readonly kind: 'page' | 'done'
      readonly status: number
      readonly page: string
      readonly retryAfter?: number | undefined
    }
  | { readonly kind: 'used' }

/** What invitations and resets lead to: a password, and the end of whatever was signed in before. */
export class PasswordLinks {
  readonly #parts: PasswordLinksParts

  constructor(parts: PasswordLinksParts) {
    this.#parts = parts
  }

  /** `undefined` for a link that does not stand, whatever the reason: strangers learn nothing from it. */
  async open({ secret, tenant: slug }: LinkToken, browser: string): Promise<OpenedLink | undefined> {
    const { accounts, directory, keyring, links } = this.#parts
    const tenant = await directory.findTenant(slug)
    if (tenant === undefined) return undefined
    const digest = linkDigest(keyring, tenant.id, secret)
    const link = await links.find(tenant, digest)
    const account = link && (await accounts.find(tenant, link.accountId))
    if (link === undefined || account === undefined) return undefined
    const providers = link.purpose === 'invitation' ? await this.#parts.providers(tenant) : []
    const passwords = (await this.#parts.refusing()).has(tenant.id) ? 'refused' : 'accepted'
    return {
      tenant,
      account,
      link,
      digest,
      browser,
      passwords,
      providers,
      csrf: keyring.digest('account-csrf', `${digest} ${browser}`),
    }
  }

  render({ account, csrf, link, passwords, providers, tenant }: OpenedLink, problem?: string): string {
    const { serverName } = this.#parts
    const { purpose } = link
    const shown = { serverName, tenantName: tenant.name, email: account.email, purpose, csrf, problem, passwords }
    return renderNewPasswordPage({ ...shown, buttons: providerButtons({ csrf, providers, tenants: [tenant] }) })
  }

  /** Throws `UpstreamError` where nothing was changed. */
  async submit(opened: OpenedLink, { caller, form }: ReceivedForm): Promise<FormAnswer> {
    if (opened.passwords === 'refused') return { kind: 'page', status: 403, page: this.render(opened) }
    const password = form.get('password') ?? ''
    const fault = await this.#faultOf(opened, password, form.get('repeated'))
    if (fault !== undefined) return { kind: 'page', status: 400, page: this.render(opened, fault) }
    const hash = await orCrowded(this.#parts.hasher.hash(password, claimOf(opened)))
    if (hash instanceof CrowdedError) {
      return { kind: 'page', status: 429, page: this.render(opened, hash.problem), retryAfter: crowdedSeconds }
    }
    return this.#set(opened, { passwordHash: hash, origin: caller })
  }

  async #faultOf(
    { account, tenant }: OpenedLink,
    password: string,
    repeated: string | undefined,
  ): Promise<string | undefined> {
    if (password !== repeated) return 'The two passwords are not the same.'
    const { serverName } = this.#parts
    return passwordFault(password, { email: account.email, name: account.name, tenant, serverName })
  }

  /** Where sessions cannot be ended before, the link stays good. */
  async #set(
    { account, browser, digest, tenant }: OpenedLink,
    chosen: Omit<ChosenPassword, 'digest'>,
  ): Promise<FormAnswer> {
    const { limits, links, serverName, sessions } = this.#parts
    // Whoever was faster stays signed in.
    if ((await links.find(tenant, digest)) === undefined) return { kind: 'used' }
    const scope = { tenant, accounts: [account.id], wasMade: (redeemed: boolean) => redeemed }
    const changed = await changeSecurity(sessions, scope, () => links.redeem(tenant, { ...chosen, digest }))
    if (!changed.value) return { kind: 'used' }
    // The password is set, whether or not the browser is known by it.
    await limits.know({ tenant, email: account.email, visit: { browser } }, 'password').catch(() => undefined)
    return { kind: 'done', status: 200, page: renderPasswordSetPage({ serverName, sessions: changed.sessions }) }
  }
}

/** No stranger: nobody comes here without a link of the account. */
function claimOf({ account, tenant }: OpenedLink): HashingClaim {
  return { account: JSON.stringify(['link', tenant.id, account.id]), stranger: undefined }
}
