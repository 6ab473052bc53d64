import type { ClaimSource } from '../claim-source.js'
import type { ClaimMapping, SigningAlgorithm, TokenRule, TokenType } from '../trusted-issuer.js'

/** What is known of a provider: what sets its access tokens apart, and where they say what. */
export interface Preset extends Pick<TokenRule, 'required' | 'forbidden'> {
  readonly algorithms: readonly SigningAlgorithm[]
  /** None where its access tokens are never JWTs. */
  readonly types: readonly TokenType[]
  readonly claims: Omit<ClaimMapping, 'overage'>
  /** Audiences that it adds to every token; `{issuer}` stands for the issuer. */
  readonly otherAudiences: readonly string[]
  /** Origins besides the issuer's own where its endpoints are. */
  readonly origins: readonly string[]
  /** Where tokens without `aud` name the client that they are for; a client id can then be the audience. */
  readonly clientAudience?: ClaimSource
}

/**
 * Claims of ID tokens (OpenID Connect Core 1.0 §2 and §3.3.2.11) and of logout tokens, and `cnf` (RFC 7800): a token that is bound to
 * a key proves nothing in other hands, and whose hands it is in is not asked here.
 */
export const otherwiseUsed = ['nonce', 'at_hash', 'c_hash', 's_hash', 'events', 'cnf'] as const
