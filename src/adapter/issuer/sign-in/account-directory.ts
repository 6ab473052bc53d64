import type { Account, AccountStore } from '../../../core/identity/account-store.js'
import { admits, type Application } from '../../../core/identity/application.js'
import type { Tenant, TenantRegistry } from '../../../core/identity/tenant.js'
import { parseSubject } from './issuer-subject.js'

/** An account that may sign in, and its tenant. */
export interface Principal {
  readonly tenant: Tenant
  readonly account: Account
}

export interface AccountDirectoryPorts {
  /** The application as it is registered now: whom it admits may change while the server runs. */
  readonly findApplication: () => Promise<Application | undefined>
  readonly tenants: TenantRegistry
  readonly accounts: AccountStore
}

/** Who may sign in to one application: read from the databases each time, nothing is remembered. */
export class AccountDirectory {
  readonly #ports: AccountDirectoryPorts

  constructor(ports: AccountDirectoryPorts) {
    this.#ports = ports
  }

  /** The active tenants whose users the application admits. */
  async admittedTenants(): Promise<readonly Tenant[]> {
    const [application, tenants] = await Promise.all([this.#ports.findApplication(), this.#ports.tenants.list()])
    return application === undefined ? [] : tenants.filter((tenant) => admits(application, tenant))
  }

  /** The admitted active tenant of this slug, or `undefined`. */
  async findTenant(slug: string): Promise<Tenant | undefined> {
    const [application, tenant] = await Promise.all([
      this.#ports.findApplication(),
      this.#ports.tenants.findBySlug(slug),
    ])
    return application !== undefined && tenant !== undefined && admits(application, tenant) ? tenant : undefined
  }

  /** The principal behind an internal subject, or `undefined` when account or tenant no longer may sign in, or not by what was proved then. */
  async find(subject: string): Promise<Principal | undefined> {
    const parsed = parseSubject(subject)
    if (parsed === undefined) return undefined
    const tenant = await this.findTenant(parsed.tenantSlug)
    // A slug may be given to another tenant one day; the id never is.
    if (tenant === undefined || tenant.id !== parsed.tenantId) return undefined
    const account = await this.findAccount(tenant, parsed.accountId)
    return account === undefined || account.securityStamp !== parsed.securityStamp ? undefined : { tenant, account }
  }

  /** The account of this id, or `undefined` where it may not sign in. */
  async findAccount(tenant: Tenant, accountId: string): Promise<Account | undefined> {
    const account = await this.#ports.accounts.find(tenant, accountId)
    return account?.disabled === false ? account : undefined
  }
}
