import type { Administrator } from '../administration/tenant-administration.js'
import type { RequestOrigin } from '../audit/request-origin.js'
import type { Tenant } from './tenant.js'

/** `invitation`: the first password of an account. `reset`: another one. */
export type LinkPurpose = 'invitation' | 'reset'

/** A link that lets whoever has it set the password of one account. */
export interface AccountLink {
  readonly accountId: string
  readonly purpose: LinkPurpose
}

export interface NewAccountLink extends AccountLink {
  /** Keyed digest of its token. */
  readonly digest: string
  /** How long it is good for, by the database's clock. */
  readonly seconds: number
  readonly by: Administrator
}

/** A password that somebody with a link has chosen. */
export interface ChosenPassword {
  /** Of the link. */
  readonly digest: string
  readonly passwordHash: string
  /** Where they ask from, for the record. */
  readonly origin?: RequestOrigin | undefined
}

/** Links to set a password with, in each tenant's own database. Each method throws `UpstreamError`. */
export interface AccountLinkStore {
  /** Keeps it with a row on record, in place of any other link of the account; answers with when it ends. */
  issue(tenant: Tenant, link: NewAccountLink): Promise<Date>
  /** The link that stands, of an account that may sign in. Uses nothing up. */
  find(tenant: Tenant, digest: string): Promise<AccountLink | undefined>
  /** Sets the password and uses the link up, both or neither, with a row on record: `false` for all but one of those that try. */
  redeem(tenant: Tenant, chosen: ChosenPassword): Promise<boolean>
}
