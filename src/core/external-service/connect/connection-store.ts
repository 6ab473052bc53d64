import type { Administrator } from '../../administration/tenant-administration.js'
import type { Account } from '../../identity/account-store.js'
import type { Tenant } from '../../identity/tenant.js'
import type { ExternalService } from '../external-service.js'
import type { ServiceConnection } from '../service-store.js'

/** What is wished of a link: whom it is for, and where it leads. UUIDs. */
export interface LinkPurpose {
  readonly service: string
  readonly account: string
}

/** The same, with the name of the service. */
export interface FoundLink extends LinkPurpose {
  readonly name: string
}

/** What a sign-in that is under way at a service is found by. Digests but the account, which is a UUID. */
export interface Departure {
  readonly account: string
  readonly browser: string
  readonly state: string
}

/** Links to the page where a user lets this installation into a service, by their digests. Each method throws `UpstreamError`. */
export interface LinkStore {
  /** Keeps a link for a while; `false` where the account or the service is not there any more. */
  offer(tenant: Tenant, digest: string, purpose: LinkPurpose): Promise<boolean>
  /** `undefined` for one that was used, has expired, or never was. */
  find(tenant: Tenant, digest: string): Promise<FoundLink | undefined>
  /** Uses a link up. `false` where it was, or is not that account's. */
  leave(tenant: Tenant, digest: string, departure: Departure): Promise<boolean>
  /** Whoever left so has come back; no second one does. */
  comeBack(tenant: Tenant, departure: Departure): Promise<FoundLink | undefined>
}

/** A sign-in at a service whose tokens are in the credential store. */
export interface NewConnection {
  /** UUID: the account under which they are there. */
  readonly id: string
  /** As it was when the tokens were asked for. */
  readonly service: Pick<ExternalService, 'id' | 'revision'>
  /** UUID. */
  readonly account: string
  readonly version: number
  /** How long the access token is good; `undefined` where the service does not say. */
  readonly seconds: number | undefined
}

/** Tokens that this process alone may renew, for a while. */
export interface RenewalClaim {
  /** UUID. */
  readonly id: string
  readonly tenant: Tenant
  readonly connection: ServiceConnection
}

/**
 * Who has signed in at which service. What is done for a claim that has lapsed, and that another process has, is not done. Each method throws `UpstreamError` when the tenant's database does not answer.
 */
export interface ConnectionStore {
  /** As it is now. */
  findConnection(tenant: Tenant, id: string): Promise<ServiceConnection | undefined>
  /**
   * Puts tokens to use in place of those before, which it answers with; `refused` where the account may not sign in any more or the
   * service has changed: nothing has happened then.
   */
  connect(
    tenant: Tenant,
    connection: NewConnection,
  ): Promise<{ readonly before: ServiceConnection | undefined } | 'refused'>
  /** `undefined` where another process renews these tokens now, or others are in use by now. */
  claim(tenant: Tenant, connection: ServiceConnection): Promise<RenewalClaim | undefined>
  /** Lets others try. */
  release(claim: RenewalClaim): Promise<void>
  /** Puts renewed tokens to use. `false` where another process has the claim, others are in use by now, or none. */
  renewed(claim: RenewalClaim, next: Pick<NewConnection, 'seconds' | 'version'>): Promise<boolean>
  /** The service does not take the access token, whatever it said: it counts as over, unless it is new. */
  expire(tenant: Tenant, connection: ServiceConnection): Promise<void>
  /** Nobody is signed in with these tokens any more. `false` where another process renews them, others are in use by now, or none. */
  end(tenant: Tenant, connection: ServiceConnection, claim?: RenewalClaim): Promise<boolean>
}

/** The same for an administrator. */
export interface ConnectionAdministration extends ConnectionStore {
  /** Ends the sign-in of an account at a service, on record; `undefined` where there is none. */
  disconnect(
    tenant: Tenant,
    signIn: {
      readonly service: Pick<ExternalService, 'id' | 'name'>
      readonly account: Pick<Account, 'email' | 'id'>
    },
    by: Administrator,
  ): Promise<ServiceConnection | undefined>
}
