import { AuthenticationError } from '../error/authentication-error.js'
import { PermissionDeniedError } from '../error/permission-denied-error.js'
import { admits, type ApplicationStore } from '../identity/application.js'
import type { Caller } from '../identity/caller.js'
import type { Tenant, TenantRegistry } from '../identity/tenant.js'
import { UserContext } from '../identity/user-context.js'
import type { GrantRegistry, TokenVerifier, VerifiedToken } from '../identity/verified-token.js'
import { effectiveGrants } from '../permission/effective-grants.js'
import type { GrantStore, StoredAccount } from '../permission/grant-store.js'
import type { SignInReference, SignInStore } from '../sign-in/sign-in-store.js'

export interface AuthenticatorPorts {
  /** The application that callers enter. It is looked up each time: whom it admits may change while the server runs. */
  readonly clientId: string
  readonly applications: Pick<ApplicationStore, 'find'>
  readonly tokens: TokenVerifier
  readonly tenants: TenantRegistry
  readonly grants: GrantStore
  readonly registry: GrantRegistry
  readonly signIns: Pick<SignInStore, 'find' | 'end'>
  /** What becomes of tokens that were minted without a sign-in. */
  readonly developmentTokens: 'accept' | 'refuse'
}

/** What an identity stands on, besides the validity of what says so. */
interface Credentials extends Pick<VerifiedToken, 'issuer' | 'subject' | 'clientId' | 'tenantClaim'> {
  /** `undefined` where no authorization grant is behind it. */
  readonly grantDigest: string | undefined
}

/**
 * From a bearer, or a sign-in with the five tools, to a caller: validity, tenant, admission, revocation, account, effective
 * grants. Nothing is remembered between requests.
 */
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
    this.refuseDevelopmentToken(verified)
    const { tenant, account } = await this.#enter(verified)
    return callerOf(verified, tenant, account)
  }

  /** Throws `AuthenticationError` for a token that was minted without a sign-in, where those are not taken. */
  refuseDevelopmentToken({ methods }: VerifiedToken): void {
    if (this.#ports.developmentTokens === 'accept' || !methods.includes('dev')) return
    throw new AuthenticationError('ERR_TOKEN_TYPE', 'the token was minted for development')
  }

  /**
   * The caller behind a sign-in with the five tools, or `undefined` where it has ended. One that may not enter any more ends here,
   * so that it does not come back with the account. What the user holds is what the account holds now, capped by what the sign-in
   * asserts. Throws `UpstreamError`.
   */
  async recognize(reference: SignInReference, used: 'used' | 'unused'): Promise<Caller | undefined> {
    const signIn = await this.#ports.signIns.find(reference, used)
    if (signIn === undefined || signIn.application !== this.#ports.clientId) return undefined
    const { issuer, subject, clientId, grantDigest, expiresAt } = signIn
    const tenantClaim = signIn.tenant.slug
    const caller = await unlessRefused(async () => {
      const { tenant, account } = await this.#enter({ issuer, subject, clientId, tenantClaim, grantDigest })
      if (tenant.id !== reference.tenant.id) return undefined
      const user = userOf({ subject, asserted: signIn.asserted }, tenant, account)
      const credential = { kind: 'sign-in', signIn: { tenant, key: signIn.key } } as const
      return { user, tenant, issuer, tenantClaim, clientId, grantDigest, expiresAt, credential }
    })
    if (caller === undefined) await this.#ports.signIns.end(reference, 'refused')
    return caller
  }

  /** Tenant and account of an identity that a provider vouched for. Throws like `authenticate` where it may not enter. */
  async enter(identity: Credentials): Promise<{ readonly tenant: Tenant; readonly account: StoredAccount }> {
    return this.#enter(identity)
  }

  /**
   * Whether a caller who was let in would still be, but for the expiry of the token: tenant, admission, grant and account.
   * Throws `UpstreamError` when that cannot be told.
   */
  async stands(caller: Caller): Promise<boolean> {
    if (caller.credential.kind === 'sign-in') {
      return (await this.recognize(caller.credential.signIn, 'unused')) !== undefined
    }
    const entered = await unlessRefused(() => this.#enter({ ...caller, subject: caller.user.subject }))
    return entered?.tenant.id === caller.tenant.id
  }

  async #enter(credentials: Credentials): Promise<{ readonly tenant: Tenant; readonly account: StoredAccount }> {
    const tenant = await this.#admittedTenant(credentials)
    const { grantDigest } = credentials
    const [active, account] = await Promise.all([
      grantDigest === undefined ? true : this.#ports.registry.isActive(grantDigest),
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
  const user = userOf(verified, tenant, account)
  return { user, tenant, issuer, tenantClaim, clientId, grantDigest, expiresAt, credential: { kind: 'bearer' } }
}

function userOf(
  { subject, asserted }: Pick<VerifiedToken, 'subject' | 'asserted'>,
  tenant: Tenant,
  account: StoredAccount,
): UserContext {
  const { email, name } = account
  return new UserContext({
    subject,
    email,
    name,
    tenantId: tenant.slug,
    grants: effectiveGrants(asserted, account.grants),
  })
}

/** `undefined` where the identity may not enter. */
async function unlessRefused<Value>(enter: () => Promise<Value>): Promise<Value | undefined> {
  try {
    return await enter()
  } catch (error) {
    if (error instanceof AuthenticationError || error instanceof PermissionDeniedError) return undefined
    throw error
  }
}
