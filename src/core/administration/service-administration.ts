import type { ExternalService } from '../external-service/external-service.js'
import type { ServiceSettings } from '../external-service/service-options.js'
import type { ServiceStore } from '../external-service/service-store.js'
import type { Tenant } from '../identity/tenant.js'
import type { Administrator, Outcome } from './tenant-administration.js'

/** A service as a tenant's database has it, and what of it is used. */
export interface FoundService extends Pick<ExternalService, 'credentialVersion' | 'id' | 'name' | 'revision'> {
  /** Everything that is decided about it, or why it cannot be used. */
  readonly settings: ServiceSettings | { readonly fault: string }
  /** Seconds since the epoch, by the database's clock, when its credential came into use. */
  readonly credentialAt: number | undefined
  /** How many users have signed in there. */
  readonly users: number
}

/** What is to hold of a service of a tenant. */
export type ServiceWish =
  /** `new` is refused where the tenant has one of that name; `any` takes the place of that. */
  | { readonly presence: 'new' | 'any'; readonly name: string; readonly settings: ServiceSettings }
  /** Refused where it is not as it was in this revision any more: what somebody else has decided meanwhile stays. */
  | {
      readonly presence: 'changed'
      readonly name: string
      readonly settings: ServiceSettings
      readonly revision: string
    }
  | { readonly presence: 'absent'; readonly name: string }

/** A credential that is to be used from now on. */
export interface Activation {
  /** As it was when the credential was written for it. */
  readonly service: Pick<ExternalService, 'credentialVersion' | 'id' | 'name' | 'revision'>
  readonly version: number
}

/** Under which service and account the tokens of a user are in the credential store (UUIDs). */
export interface ConnectionPlace {
  readonly service: string
  readonly account: string
}

/** The services of tenants, for an administrator. Each method throws `UpstreamError` when the tenant's database does not answer. */
export interface ServiceAdministration extends ServiceStore {
  /** By name. */
  list(tenant: Tenant): Promise<readonly FoundService[]>
  /** Of every service. */
  connections(tenant: Tenant): Promise<readonly ConnectionPlace[]>
  /**
   * Meets the wish and puts it on record, or says why it cannot be met; every process is told. A service that leads elsewhere now is
   * one without a credential, and without users.
   */
  apply(tenant: Tenant, wish: ServiceWish, by: Administrator): Promise<Outcome>
  /** Puts a credential to use and that on record. `false` where the service has changed since, or is gone: nothing has happened then. */
  activate(tenant: Tenant, activation: Activation, by: Administrator): Promise<boolean>
}
