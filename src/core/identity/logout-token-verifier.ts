import type { IssuerLogout } from './logout-registry.js'

/** Verifies what issuers send when somebody signs out there. */
export interface LogoutTokenVerifier {
  /**
   * The trusted issuer that a logout token names: nothing of it is true yet. Throws `AuthenticationError` where it names none,
   * `UpstreamError` while it cannot be told who is trusted.
   */
  issuerOf(token: string): Promise<string>
  /**
   * What a logout token of a trusted issuer says (OpenID Connect Back-Channel Logout §2.6). Throws `AuthenticationError` with the
   * reason, `UpstreamError` where the keys of its issuer are out of reach.
   */
  verify(token: string): Promise<IssuerLogout>
}
