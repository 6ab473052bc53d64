import { AuthenticationError } from '../error/authentication-error.js'
import { PermissionDeniedError } from '../error/permission-denied-error.js'
import { admits, type Application, type ApplicationStore } from '../identity/application.js'
import type { Actor } from '../identity/actor.js'
import type { Caller, Credential } from '../identity/caller.js'
import type { LogoutRegistry } from '../identity/logout-registry.js'
import type { Tenant, TenantRegistry } from '../identity/tenant.js'
import { UserContext } from '../identity/user-context.js'
import type { GrantRegistry, TokenVerifier, VerifiedToken } from '../identity/verified-token.js'
import type { GrantStore } from '../permission/grant-store.js'
import { accountState, holdingOf, type AccountState } from '../permission/holding.js'
import type { StoredStanding } from '../permission/standing.js'
import { SharedReads } from '../runtime/shared-reads.js'
import { Turnstile } from '../runtime/turnstile.js'
import type { SignInReference, SignInStore } from '../sign-in/sign-in-store.js'
import type { UpstreamRefresh } from '../sign-in/upstream-refresh.js'

export interface AuthenticatorPorts {
  /** The application that callers enter. It is looked up each time: whom it admits may change while the server runs. */
  readonly clientId: string
  readonly applications: Pick<ApplicationStore, 'find'>
  readonly tokens: TokenVerifier
  readonly tenants: TenantRegistry
  readonly grants: Pick<GrantStore, 'findStanding'>
  readonly registry: GrantRegistry
  /** Is asked where no grant of our own is behind a token. */
  readonly logouts: Pick<LogoutRegistry, 'isOver'>
  readonly signIns: Pick<SignInStore, 'find' | 'end'>
  /** Is told of sign-ins that are used; absent where no provider is asked about them. */
  readonly upstream?: Pick<UpstreamRefresh, 'attend'> | undefined
  /** What becomes of tokens that were minted without a sign-in. */
  readonly developmentTokens: 'accept' | 'refuse'
}

/** What an identity stands on, besides the validity of what says so. */
interface Credentials extends Pick<VerifiedToken, 'issuer' | 'subject' | 'clientId' | 'tenantClaim'> {
  /** `undefined` where no authorization grant is behind it. */
  readonly grantDigest: string | undefined
  /** What showed it; an ID token where it is `undefined`. */
  readonly credential?: Credential | undefined
  readonly actor?: Actor | undefined
}

/** An identity inside its tenant. */
export interface Entered {
  readonly tenant: Tenant
  /** What the tenant's database has of it; without an account it is let in by the tenant's sign-up rule. */
  readonly standing: StoredStanding
  /** When the reading of it began, by `performance.now()`. */
  readonly readAt: number
}

/** What one tenant may ask of the databases at the same time, so that its rush is not everybody's. */
const perTenant = { atOnce: 12, waiting: 2_000, milliseconds: 1_000 }

/**
 * From a bearer, or a sign-in with the five tools, to a caller: validity, tenant, admission, revocation, account, effective
 * grants. Nothing is remembered between requests.
 */
export class Authenticator {
  readonly #ports: AuthenticatorPorts
  readonly #turnstile = new Turnstile(perTenant)
  readonly #tenants: SharedReads<[issuer: string, claim: string], Tenant | undefined>
  readonly #applications: SharedReads<[clientId: string], Application | undefined>

  constructor(ports: AuthenticatorPorts) {
    this.#ports = ports
    this.#tenants = new SharedReads((issuer, claim) => ports.tenants.find(issuer, claim))
    this.#applications = new SharedReads((clientId) => ports.applications.find(clientId))
  }

  /**
   * The caller behind `token`, for a request to `resource`. Throws `AuthenticationError` (present another token),
   * `PermissionDeniedError` (this tenant may not enter), `UpstreamError` (ask again later).
   */
  async authenticate(token: string, resource: string): Promise<Caller> {
    const verified = await this.#ports.tokens.verify(token, resource)
    this.refuseDevelopmentToken(verified)
    const { issuedAt, proof, sessionId } = verified
    const identity = { ...verified, credential: { kind: 'bearer', issuedAt, proof, sessionId } } as const
    try {
      return callerOf(identity, await this.#enter(identity))
    } catch (error) {
      if (isRefusal(error)) this.#ports.tokens.forget?.(token, resource)
      throw error
    }
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
    const identity = { ...signIn, tenantClaim: signIn.tenant.slug, email: undefined, name: undefined }
    const caller = await unlessRefused(async () => {
      const entered = await this.#enter(identity)
      const { tenant } = entered
      if (tenant.id !== reference.tenant.id) return undefined
      return callerOf({ ...identity, credential: { kind: 'sign-in', signIn: { tenant, key: signIn.key } } }, entered)
    })
    if (caller === undefined) await this.#ports.signIns.end(reference, 'refused')
    else if (used === 'used') this.#ports.upstream?.attend(signIn)
    return caller
  }

  /** Tenant and standing of an identity that a provider vouched for. Throws like `authenticate` where it may not enter. */
  async enter(identity: Credentials): Promise<Entered> {
    return this.#enter(identity)
  }

  /**
   * The same caller as everything is now but the expiry of the token: tenant, admission, grant, account and what it holds;
   * `undefined` for one who would not be let in any more. Throws `UpstreamError` when that cannot be told.
   */
  async renew(caller: Caller): Promise<Caller | undefined> {
    if (caller.credential.kind === 'sign-in') return this.recognize(caller.credential.signIn, 'unused')
    const { subject, email, name } = caller.user
    const renewed = await unlessRefused(async () => {
      const entered = await this.#enter({ ...caller, subject })
      if (entered.tenant.id !== caller.tenant.id) return undefined
      return callerOf({ ...caller, subject, email, name, asserted: caller.holding.asserted }, entered)
    })
    // Last, so that an issuer of which nothing can be learnt keeps nobody whose account has ended.
    return renewed === undefined || (await caller.credential.proof?.stands()) === false ? undefined : renewed
  }

  #enter(credentials: Credentials): Promise<Entered> {
    const { issuer, tenantClaim } = credentials
    return this.#turnstile.pass(`${issuer}\n${tenantClaim}`, () => this.#readEntered(credentials))
  }

  async #readEntered(credentials: Credentials): Promise<Entered> {
    const readAt = performance.now()
    const tenant = await this.#admittedTenant(credentials)
    const [active, standing] = await Promise.all([
      this.#isActive(credentials),
      this.#ports.grants.findStanding(tenant, credentials.issuer, credentials.subject),
    ])
    if (active !== true) throw new AuthenticationError('ERR_TOKEN_REVOKED', 'the grant behind this token has ended')
    refuseAccount(accountState(standing))
    return { tenant, standing, readAt }
  }

  #isActive({ credential, grantDigest, issuer, subject }: Credentials): Promise<boolean> | boolean {
    if (grantDigest !== undefined) return this.#ports.registry.isActive(grantDigest)
    if (credential?.kind !== 'bearer') return true
    const { issuedAt, sessionId } = credential
    return this.#ports.logouts.isOver({ issuer, subject, issuedAt, sessionId }).then((over) => over === false)
  }

  async #admittedTenant({ actor, issuer, subject, clientId, tenantClaim }: Credentials): Promise<Tenant> {
    const [tenant, application] = await Promise.all([
      this.#tenants.read(issuer, tenantClaim),
      this.#applications.read(this.#ports.clientId),
    ])
    const principal = { actor, issuer, subject, clientId, tenantClaim }
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

function refuseAccount(account: AccountState): void {
  if (account === 'unknown') throw new AuthenticationError('ERR_ACCOUNT_UNKNOWN', 'the tenant has no such account')
  if (account === 'disabled') throw new AuthenticationError('ERR_ACCOUNT_DISABLED', 'the account is disabled')
}

/** Who somebody is by what vouches for them. */
interface Identity extends Pick<
  VerifiedToken,
  'issuer' | 'subject' | 'clientId' | 'tenantClaim' | 'asserted' | 'email' | 'name' | 'expiresAt' | 'actor'
> {
  readonly grantDigest: string | undefined
  readonly credential: Credential
}

/** The account's own address and name, where there is an account. */
function callerOf(identity: Identity, { readAt, standing, tenant }: Entered): Caller {
  const { actor, issuer, subject, tenantClaim, clientId, grantDigest, expiresAt, credential } = identity
  const { email, name } = standing.account ?? identity
  const holding = holdingOf(identity.asserted, standing)
  const user = new UserContext({ subject, email, name, tenantId: tenant.slug, grants: holding.effective })
  const { policyVersion } = standing
  return {
    ...{ user, tenant, issuer, tenantClaim, clientId, actor, grantDigest, expiresAt, credential },
    ...{ holding, policyVersion, readAt },
  }
}

/** `undefined` where the identity may not enter. */
async function unlessRefused<Value>(enter: () => Promise<Value>): Promise<Value | undefined> {
  try {
    return await enter()
  } catch (error) {
    if (isRefusal(error)) return undefined
    throw error
  }
}

function isRefusal(error: unknown): boolean {
  return error instanceof AuthenticationError || error instanceof PermissionDeniedError
}
