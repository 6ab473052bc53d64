import type { ProviderStore, StoredProvider } from '../federation/provider/provider-store.js'
import type { Tenant } from '../identity/tenant.js'
import type { Administrator, Outcome } from './tenant-administration.js'

/** A provider as an administrator wants it. */
export interface WantedProvider extends Pick<
  StoredProvider,
  'application' | 'clientSecret' | 'kind' | 'name' | 'options'
> {
  /** Behind the others unless told; one that is there keeps its place. */
  readonly position: number | undefined
}

/** What is to hold of a provider of a tenant, in the database. */
export type ProviderWish =
  /** `new` is refused where the tenant has one of that name; `any` takes the place of that. */
  | { readonly presence: 'new' | 'any'; readonly tenant: Tenant; readonly provider: WantedProvider }
  | { readonly presence: 'absent'; readonly tenant: Tenant; readonly name: string }

/** The providers that the database has, for an administrator. Each method throws `UpstreamError` when the master database does not answer. */
export interface ProviderAdministration extends ProviderStore {
  /** Meets the wish and puts it on record, or says why it cannot be met. Servers see it at the next sign-in. */
  apply(wish: ProviderWish, by: Administrator): Promise<Outcome>
}
