import { AuthenticationError } from '../error/authentication-error.js'
import { PermissionDeniedError } from '../error/permission-denied-error.js'
import { admits, type ApplicationStore } from '../identity/application.js'
import type { Caller } from '../identity/caller.js'
import type { Tenant, TenantRegistry } from '../identity/tenant.js'
import { UserContext } from '../identity/user-context.js'
import type { GrantRegistry, TokenVerifier, VerifiedToken } from '../identity/verified-token.js'
import { effectiveGrants } from '../permission/effective-grants.js'
import type { GrantStore, StoredAccount } from '../permission/grant-store.js'

export interface AuthenticatorPorts {
  /** The application that callers enter. It is looked up each time: whom it admits may change while the server runs. */
  readonly clientId: string
  readonly applications: Pick<ApplicationStore, 'find'>
  readonly tokens: TokenVerifier
  readonly tenants: TenantRegistry
  readonly grants: GrantStore
  readonly registry: GrantRegistry
  /** What becomes of tokens that were minted without a sign-in. */
  readonly developmentTokens: 'accept' | 'refuse'
}

/** What a token stands on, besides its own validity. */
type Credentials = Pick<VerifiedToken, 'issuer' | 'subject' | 'clientId' | 'tenantClaim' | 'grantDigest'>

/** From a bearer to a caller: token, tenant, admission, revocation, account, effective grants. Nothing is remembered between requests. */
export class Authenticator {
  readonly #ports: AuthenticatorPorts

  constructor(ports: AuthenticatorPorts) {
    this.#ports = ports
  }

  /**
   * The caller behind `token`, for a request to `resource`. Throws `AuthenticationError` (present another token),
   * `PermissionDeniedError` (this tenant may not enter), `UpstreamError` (ask again later).
   */
  async authenticate(token: string, resource: string): Promise<Caller> {
    const verified = await this.#ports.tokens.verify(token, resource)
    if (this.#ports.developmentTokens !== 'accept' && verified.methods.includes('dev')) {
      throw new AuthenticationError('ERR_TOKEN_TYPE', 'the token was minted for development')
    }
    const { tenant, account } = await this.#enter(verified)
    return callerOf(verified, tenant, account)
  }

  /**
   * Whether a caller who was let in would still be, but for the expiry of the token: tenant, admission, grant and account.
   * Throws `UpstreamError` when that cannot be told.
   */
  async stands(caller: Caller): Promise<boolean> {
    try {
      const { tenant } = await this.#enter({ ...caller, subject: caller.user.subject })
      return tenant.id === caller.tenant.id
    } catch (error) {
      if (error instanceof AuthenticationError || error instanceof PermissionDeniedError) return false
      throw error
    }
  }

  async #enter(credentials: Credentials): Promise<{ readonly tenant: Tenant; readonly account: StoredAccount }> {
    const tenant = await this.#admittedTenant(credentials)
    const [active, account] = await Promise.all([
      this.#ports.registry.isActive(credentials.grantDigest),
      this.#ports.grants.findAccount(tenant, credentials.issuer, credentials.subject),
    ])
    if (active !== true) throw new AuthenticationError('ERR_TOKEN_REVOKED', 'the grant behind this token has ended')
    return { tenant, account: standing(account) }
  }

  async #admittedTenant({ issuer, subject, clientId, tenantClaim }: Credentials): Promise<Tenant> {
    const { applications, tenants, clientId: applicationId } = this.#ports
    const [tenant, application] = await Promise.all([
      tenants.find(issuer, tenantClaim),
      applications.find(applicationId),
    ])
    const principal = { issuer, subject, clientId, tenantClaim }
    if (tenant === undefined) {
      throw new PermissionDeniedError('ERR_TENANT_UNKNOWN', 'no tenant goes by this token', { principal })
    }
    // An application is absent when it was deleted, and while the tenant that it belongs to is suspended.
    if (application === undefined || !admits(application, tenant)) {
      const message = 'this application does not admit the tenant'
      throw new PermissionDeniedError('ERR_TENANT_NOT_ADMITTED', message, { principal })
    }
    return tenant
  }
}

function standing(account: StoredAccount | undefined): StoredAccount {
  if (account === undefined) throw new AuthenticationError('ERR_ACCOUNT_UNKNOWN', 'the tenant has no such account')
  if (account.disabled !== false) throw new AuthenticationError('ERR_ACCOUNT_DISABLED', 'the account is disabled')
  return account
}

function callerOf(verified: VerifiedToken, tenant: Tenant, account: StoredAccount): Caller {
  const { issuer, tenantClaim, clientId, grantDigest, expiresAt } = verified
  const user = new UserContext({
    subject: verified.subject,
    email: account.email,
    name: account.name,
    tenantId: tenant.slug,
    grants: effectiveGrants(verified.asserted, account.grants),
  })
  return { user, tenant, issuer, tenantClaim, clientId, grantDigest, expiresAt }
}
