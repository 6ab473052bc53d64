import type { VerifiedToken } from './verified-token.js'

/** What an issuer says has ended (OpenID Connect Back-Channel Logout §2.4): one session, or all that its subject had until then. */
export interface IssuerLogout {
  readonly issuer: string
  readonly subject: string | undefined
  readonly sessionId: string | undefined
  /** `iat` of the logout token, in seconds since the epoch: tokens of the subject that are newer stand. */
  readonly issuedAt: number
  /** `jti`: the same logout token is taken once. */
  readonly tokenId: string
}

export type LoggedInToken = Pick<VerifiedToken, 'issuer' | 'subject' | 'sessionId' | 'issuedAt'>

/** The logouts that issuers told us of, for as long as a token from before could live. Each method throws `UpstreamError`. */
export interface LogoutRegistry {
  /** Whether the issuer has said that what this token belongs to is over. Asked on every request. */
  isOver(token: LoggedInToken): Promise<boolean>
  /** Durable before it resolves. `repeated` for a logout token that was taken before. */
  end(logout: IssuerLogout): Promise<'ended' | 'repeated'>
}
