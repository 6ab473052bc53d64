import type { AssertedGrants } from '../permission/grants.js'
import type { Actor } from './actor.js'

/** What an access token says after every check that needs no database. */
export interface VerifiedToken {
  readonly issuer: string
  readonly subject: string
  /** The OAuth client that the token was issued to. */
  readonly clientId: string
  /** The resource this token was accepted for. */
  readonly resource: string
  readonly tenantClaim: string
  readonly email: string | undefined
  readonly name: string | undefined
  readonly asserted: AssertedGrants
  /**
   * Digest of the authorization grant behind the token; revoking the grant ends the token. `undefined` where the issuer keeps its grants
   * to itself: then its logouts end the token.
   */
  readonly grantDigest: string | undefined
  /** Who acts for the subject, where that is somebody else (RFC 8693 §4.1). */
  readonly actor?: Actor | undefined
  /** The session at the issuer (`sid`), where it says one. */
  readonly sessionId?: string | undefined
  /** `iat`, in seconds since the epoch. */
  readonly issuedAt: number
  /** What goes on for its bearer ends when this does; absent where `grantDigest` says it. */
  readonly proof?: TokenProof | undefined
  /** Seconds since the epoch at which it is no longer honoured: `exp` and how far clocks may differ. */
  readonly expiresAt: number
  /** RFC 8176 authentication methods, such as `['pwd']` or `['dev']`. */
  readonly methods: readonly string[]
}

/** Whether a token that was accepted would be accepted again, but for its expiry: its key still stands, its issuer still vouches for it. */
export interface TokenProof {
  /** Tells tokens apart; nobody can make one of it. */
  readonly digest: string
  /** Throws `UpstreamError` where that cannot be told. */
  stands(): Promise<boolean>
}

export interface TokenVerifier {
  /** Verifies one bearer for one resource. Throws `AuthenticationError` with the reason, `UpstreamError` where keys are out of reach. */
  verify(token: string, resource: string): Promise<VerifiedToken>
  /** What was remembered of a token that turned out to let nobody in is not needed any more. */
  forget?(token: string, resource: string): void
}

/** Who an ID token says signed in, after every check that needs no database. It grants nothing. */
export interface VerifiedIdToken {
  readonly issuer: string
  readonly subject: string
  /** The OAuth client that the token was issued to. */
  readonly clientId: string
  readonly tenantClaim: string
  /** Seconds since the epoch at which it is no longer honoured: `exp` and how far clocks may differ. */
  readonly expiresAt: number
}

export interface IdTokenVerifier {
  /** Verifies an ID token that was issued to us for this nonce. Throws `AuthenticationError` with the reason, `UpstreamError` where keys are out of reach. */
  verify(token: string, nonce: string): Promise<VerifiedIdToken>
}

/** Whether an authorization grant still stands; asked on every request. */
export interface GrantRegistry {
  /** `false` for a revoked, expired or unknown grant. */
  isActive(grantDigest: string): Promise<boolean>
}
