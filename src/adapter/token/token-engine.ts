import type { VerifiedToken } from '../../core/identity/verified-token.js'
import type { CompactJws } from './jwt/compact-jws.js'

/** A token that was verified, and whether that would come out the same again: its key may have left the set since. */
export interface Accepted {
  readonly verified: VerifiedToken
  stands(): Promise<boolean>
}

/** Verifies the tokens of one issuer. */
export interface TokenEngine {
  /** Throws `AuthenticationError` with the reason, `UpstreamError` where keys are out of reach. */
  verify(token: string, jws: CompactJws, resource: string): Promise<Accepted>
}
