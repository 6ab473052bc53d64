/** What a provider handed out to be asked again with. Nobody's to read: it is stored sealed, and goes nowhere but back there. */
export interface UpstreamGrant {
  readonly refreshToken: string
  /** When the access token that came with it ends, in seconds since the epoch. */
  readonly expiresAt: number
}
