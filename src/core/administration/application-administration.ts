import type { AdmittedTenants, Application } from '../identity/application.js'
import type { Administrator, Outcome } from './tenant-administration.js'

/** What is to hold of the registration of an application. */
export interface ApplicationWish {
  readonly clientId: string
  /** `new`: it is refused where it is there; `known` and `absent`: where it is not. */
  readonly presence: 'new' | 'known' | 'absent'
  readonly name?: string | undefined
  /** Slug of the tenant that a new one belongs to. */
  readonly tenant?: string | undefined
  readonly admits?: AdmittedTenants | undefined
}

/** An application as it is registered; while its tenant is suspended, nobody may use it. */
export interface RegisteredApplication extends Application {
  readonly status: 'active' | 'suspended'
}

/** The registered applications, for an administrator. Each method throws `UpstreamError` when the master database does not answer. */
export interface ApplicationAdministration {
  /** By client id. */
  list(): Promise<readonly RegisteredApplication[]>
  /** Meets the wish and puts it on record, or says why it cannot be met. Servers see it at their next request. */
  apply(wish: ApplicationWish, by: Administrator): Promise<Outcome>
}
