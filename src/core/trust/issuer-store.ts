/** An issuer as the database has it. */
export interface StoredIssuer {
  /** What it is trusted as. */
  readonly issuer: string
  /** Its options with their secret, not looked at yet. */
  readonly written: unknown
  /** Another one after every change. */
  readonly revision: string
  /** Why its secret cannot be read, where it has one and that is so. */
  readonly fault?: string | undefined
}

/** Issuers that an administrator has put into the database. */
export interface IssuerStore {
  /** In the order in which they came. Throws `UpstreamError`. */
  list(): Promise<readonly StoredIssuer[]>
}
