import type { IssuerStore } from '../trust/issuer-store.js'
import type { Administrator, Outcome } from './tenant-administration.js'

/** The members of `StoredIssuerOptions`, not looked at yet. */
export type IssuerAsWritten = Readonly<Record<string, unknown>>

/** What is to hold of an issuer in the database. */
export type IssuerWish =
  /** `new` is refused where it is there; `any` takes the place of what is there. */
  | { readonly presence: 'new' | 'any'; readonly options: IssuerAsWritten }
  | { readonly presence: 'absent'; readonly issuer: string }

/** The issuers that the database has, for an administrator. Each method throws `UpstreamError` when the master database does not answer. */
export interface IssuerAdministration extends IssuerStore {
  /**
   * Meets the wish and puts it on record, or says why it cannot be met. Servers see it a second later. Throws `ConfigurationError` with
   * what is wrong with an issuer.
   */
  apply(wish: IssuerWish, by: Administrator): Promise<Outcome>
}
