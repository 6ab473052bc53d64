import type { Tenant } from '../identity/tenant.js'

/** Whose credential, and of which service (UUIDs). */
export interface CredentialPlace {
  readonly tenant: Tenant
  readonly service: string
  /** The account whose own credential it is; `undefined`: the one that the tenant has for everybody. */
  readonly account: string | undefined
}

/** What is kept of a credential: a few texts by name, such as `token`, or `username` and `password`. */
export type CredentialMembers = Readonly<Record<string, string>>

/** One version of a credential. */
export interface StoredCredential {
  /** From 1; never used twice for one place until that is destroyed. */
  readonly version: number
  readonly members: CredentialMembers
  /** Seconds since the epoch, by the clock of the store. */
  readonly writtenAt: number
}

/** The newest version is another one than the writer has seen: somebody else wrote meanwhile. */
export class CredentialConflict extends Error {
  override readonly name = 'CredentialConflict'
}

/**
 * Where credentials of services are kept: in every version, until they are deleted. No two places share anything, whatever they are
 * called. Each method throws `UpstreamError` (`SECRETS_UNAVAILABLE`) when the store does not answer, or does not let this server do
 * it; no error carries a credential or a token.
 */
export interface CredentialStore {
  /** `undefined` where there is none, or that version has been deleted. Without `version` the newest, or none where the newest has been deleted. */
  read(place: CredentialPlace, version?: number): Promise<StoredCredential | undefined>
  /** Writes the version after `after` (0: the first one) and answers with its number. Throws `CredentialConflict` where the newest is another. */
  write(place: CredentialPlace, members: CredentialMembers, after: number): Promise<number>
  /** The number of the newest version, deleted or not; 0 where there never was one. */
  newest(place: CredentialPlace): Promise<number>
  /** How many versions of one there are at most: with the next, the oldest is no more. `Infinity`: all of them are kept. */
  mostVersions(place: CredentialPlace): Promise<number>
  /** Everything that is kept for a tenant. */
  list(tenant: Tenant): Promise<readonly CredentialPlace[]>
  /** Makes one version unreadable; its number stays taken. Nothing happens where there is none. */
  delete(place: CredentialPlace, version: number): Promise<void>
  /** Every version, and that there were any. With `account: undefined` those of the accounts stay. */
  destroy(place: CredentialPlace): Promise<void>
}
