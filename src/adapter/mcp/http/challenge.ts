export interface Challenge {
  readonly resourceMetadata: string
  readonly scopes: readonly string[]
  /** Absent where no credential was sent (RFC 6750 §3.1). */
  readonly error?: { readonly code: string; readonly description: string }
}

/** The value of `WWW-Authenticate` (RFC 6750 §3, RFC 9728 §5.1). */
export function challengeOf({ resourceMetadata, scopes, error }: Challenge): string {
  const parameters =
    error === undefined
      ? []
      : [
          ['error', error.code],
          ['error_description', error.description],
        ]
  parameters.push(['resource_metadata', resourceMetadata])
  if (scopes.length > 0) parameters.push(['scope', scopes.join(' ')])
  return `Bearer ${parameters.map(([name, value]) => `${name}=${quoted(value ?? '')}`).join(', ')}`
}

/** An RFC 9110 §5.6.4 quoted-string; what cannot stand in a header is left out. */
function quoted(text: string): string {
  return `"${text.replace(/[^\x20-\x7e]/g, '').replace(/["\\]/g, '\\$&')}"`
}
