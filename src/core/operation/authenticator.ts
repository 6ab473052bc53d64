import { AuthenticationError } from '../error/authentication-error.js'
import { PermissionDeniedError } from '../error/permission-denied-error.js'
import { admits, type Application } from '../identity/application.js'
import type { Caller } from '../identity/caller.js'
import type { Tenant, TenantRegistry } from '../identity/tenant.js'
import { UserContext } from '../identity/user-context.js'
import type { GrantRegistry, TokenVerifier, VerifiedToken } from '../identity/verified-token.js'
import { effectiveGrants } from '../permission/effective-grants.js'
import type { GrantStore, StoredAccount } from '../permission/grant-store.js'

export interface AuthenticatorPorts {
  readonly application: Application
  readonly tokens: TokenVerifier
  readonly tenants: TenantRegistry
  readonly grants: GrantStore
  readonly registry: GrantRegistry
}

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
    const tenant = await this.#tenantOf(verified)
    const [active, account] = await Promise.all([
      this.#ports.registry.isActive(verified.grantDigest),
      this.#ports.grants.findAccount(tenant, verified.issuer, verified.subject),
    ])
    if (active !== true) throw new AuthenticationError('ERR_TOKEN_REVOKED', 'the grant behind this token has ended')
    return callerOf(verified, tenant, standing(account))
  }

  async #tenantOf(verified: VerifiedToken): Promise<Tenant> {
    const tenant = await this.#ports.tenants.find(verified.issuer, verified.tenantClaim)
    if (tenant === undefined) throw new PermissionDeniedError('ERR_TENANT_UNKNOWN', 'no tenant goes by this token')
    if (!admits(this.#ports.application, tenant)) {
      throw new PermissionDeniedError('ERR_TENANT_NOT_ADMITTED', 'this application does not admit the tenant')
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
  const user = new UserContext({
    subject: verified.subject,
    email: account.email,
    name: account.name,
    tenantId: tenant.slug,
    grants: effectiveGrants(verified.asserted, account.grants),
  })
  return { user, tenant, issuer: verified.issuer, clientId: verified.clientId, expiresAt: verified.expiresAt }
}
