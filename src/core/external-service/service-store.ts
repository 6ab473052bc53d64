import type { Tenant } from '../identity/tenant.js'
import type { ExternalService } from './external-service.js'

/** Whose tokens of a service these are: issuer and subject together, as everywhere. */
export interface ServiceUser {
  readonly issuer: string
  readonly subject: string
}

/** What a user has allowed this tenant's server at a service. */
export interface ServiceConnection {
  /** UUID: the account under which the tokens are in the credential store. */
  readonly id: string
  /** The version of the tokens that is used. */
  readonly credentialVersion: number
  /** Seconds since the epoch, by the database's clock, when the access token ends; `undefined` where the service does not say. */
  readonly expiresAt: number | undefined
  /** By the database's clock: good for a while, to be renewed soon, or over. */
  readonly age: 'fresh' | 'due' | 'over'
}

/** The services of tenants. Each method throws `UpstreamError` when the tenant's database does not answer. */
export interface ServiceStore {
  /** As it is now. */
  find(tenant: Tenant, name: string): Promise<ExternalService | undefined>
  /** `undefined` where this user has to sign in at the service first. */
  connection(tenant: Tenant, service: string, user: ServiceUser): Promise<ServiceConnection | undefined>
}
