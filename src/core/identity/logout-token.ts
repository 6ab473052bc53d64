import type { IssuerLogout } from './logout-registry.js'

/** Verifies the logout tokens of trusted issuers that know us as a client (OpenID Connect Back-Channel Logout 1.0 §2.6). */
export interface LogoutTokenVerifier {
  /** Throws `AuthenticationError` with the reason, `UpstreamError` where keys are out of reach. */
  verify(token: string): Promise<IssuerLogout>
}
