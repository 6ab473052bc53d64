import type { RequestOrigin } from '../../audit/request-origin.js'
import type { AccountIdentity } from '../../administration/account-identity.js'
import type { Account } from '../../identity/account-store.js'
import type { Tenant } from '../../identity/tenant.js'
import type { Newcomer } from './decide-entry.js'
import type { EntryFailure, FederationFailure } from '../federation-failure.js'
import type { Invitation } from '../federation-store.js'

/** Who stands at the door, and what their row of the audit trail refers to. */
export interface Entrant extends Newcomer {
  readonly issuer: string
  readonly subject: string
  readonly requestId: string
  readonly clientId: string | undefined
  /** UUID of the provider that vouches. */
  readonly provider: string
  /** Where the request comes from, for the record. */
  readonly origin?: RequestOrigin | undefined
}

export type Entry =
  | (Pick<Account, 'securityStamp'> & {
      readonly outcome: 'entered'
      readonly accountId: string
      readonly state: 'active' | 'disabled'
    })
  | { readonly outcome: 'refused'; readonly reason: EntryFailure }

/** Whose account an invitation makes an identity's. */
export interface Accepted {
  readonly identity: AccountIdentity
  readonly invitation: Invitation
  /** Where the request comes from, for the record. */
  readonly origin?: RequestOrigin | undefined
}

export type Acceptance =
  | { readonly outcome: 'accepted' }
  | {
      readonly outcome: 'refused'
      readonly reason: Extract<
        FederationFailure,
        'ERR_FEDERATION_INVITATION' | 'ERR_FEDERATION_LINKED' | 'ERR_FEDERATION_SHUT_OUT'
      >
    }

/** The accounts of a tenant as identity providers know them: by issuer and subject, and by nothing else (OpenID Connect Core §5.7). */
export interface FederatedAccounts {
  /** Whose the identity is now; `undefined` where it never was anybody's. Throws `UpstreamError`. */
  find(tenant: Tenant, identity: AccountIdentity): Promise<Entry | undefined>
  /**
   * The account of the identity; where there never was one, a new one if the tenant's rule lets it, with the roles of those who sign
   * up, on record by the same transaction. Throws `UpstreamError` where the database does not answer.
   */
  enter(tenant: Tenant, entrant: Entrant): Promise<Entry>
  /**
   * Links the identity to the invited account and uses the invitation up, both or neither, with a row on record; whose the identity is
   * already stays as it is. Throws `UpstreamError` likewise.
   */
  accept(tenant: Tenant, accepted: Accepted): Promise<Acceptance>
}
