import type { TrustedIssuer } from './trusted-issuer.js'

/** All trusted issuers at one moment. */
export interface IssuerEdition {
  /** Another one after every change. */
  readonly version: string
  /** No two of one name. */
  readonly issuers: readonly TrustedIssuer[]
}

/** Which issuers are trusted, as it is now: at most a second old, so that a removal is felt at once. */
export interface IssuerBook {
  /** Throws `UpstreamError` while that cannot be told. */
  read(): Promise<IssuerEdition>
}
