/** How somebody has signed in with an identity provider, as sessions and tokens of the authorization server keep it. */
export interface SignInContext {
  /** UUID. */
  readonly provider: string
  /** Who they are there, as the provider says it. */
  readonly subject: string
  /** When they came back from there, in seconds since the epoch; when they proved who they are may be long before. */
  readonly signedInAt: number
  /** Whether the provider has said when that was. */
  readonly authTime: 'said' | 'unsaid'
}

const pattern =
  /^urn:authsec:provider:([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}):([\w-]{1,1400}):(\d{1,12}):(said|unsaid)$/

/**
 * The text form, which stands where OpenID Connect Core §2 has `acr`: it goes from the session into each code and refresh token that
 * is made on it, and into no token that a client reads.
 */
export function formatContext({ authTime, provider, signedInAt, subject }: SignInContext): string {
  return `urn:authsec:provider:${provider}:${Buffer.from(subject).toString('base64url')}:${signedInAt}:${authTime}`
}

/** Reads what `formatContext` wrote; `undefined` for anything else, as for those who have signed in here. */
export function parseContext(acr: unknown): SignInContext | undefined {
  const [, provider, encoded, signedInAt, authTime] = pattern.exec(typeof acr === 'string' ? acr : '') ?? []
  if (provider === undefined || encoded === undefined) return undefined
  const subject = Buffer.from(encoded, 'base64url').toString()
  return { provider, subject, signedInAt: Number(signedInAt), authTime: authTime === 'said' ? 'said' : 'unsaid' }
}
