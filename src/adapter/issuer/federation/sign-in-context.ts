/** How somebody has signed in with an identity provider, as sessions and tokens of the authorization server keep it. */
export interface SignInContext {
  /** UUID. */
  readonly provider: string
  /** When they came back from there, in seconds since the epoch; when they proved who they are may be long before. */
  readonly signedInAt: number
  /** Whether the provider has said when that was. */
  readonly authTime: 'said' | 'unsaid'
}

const pattern = /^urn:authsec:provider:([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}):(\d{1,12}):(said|unsaid)$/

/**
 * The text form, which stands where OpenID Connect Core §2 has `acr`: it goes from the session into each code and refresh token that
 * is made on it, and into no token that a client reads.
 */
export function formatContext({ authTime, provider, signedInAt }: SignInContext): string {
  return `urn:authsec:provider:${provider}:${signedInAt}:${authTime}`
}

/** Reads what `formatContext` wrote; `undefined` for anything else, as for those who have signed in here. */
export function parseContext(acr: unknown): SignInContext | undefined {
  const [, provider, signedInAt, authTime] = pattern.exec(typeof acr === 'string' ? acr : '') ?? []
  if (provider === undefined) return undefined
  return { provider, signedInAt: Number(signedInAt), authTime: authTime === 'said' ? 'said' : 'unsaid' }
}
