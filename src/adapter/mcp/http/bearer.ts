/** What the `Authorization` header holds. Another scheme than Bearer is no credential here (RFC 6750 §3.1). */
export type Bearer =
  { readonly kind: 'absent' } | { readonly kind: 'malformed' } | { readonly kind: 'token'; readonly token: string }

const longestToken = 16_384
const grammar = /^bearer +([A-Za-z0-9\-._~+/]+=*)$/i
const scheme = /^bearer(?:\s|$)/i

/** Reads one bearer token of the RFC 6750 §2.1 grammar, of at most 16 KiB. */
export function readBearer(authorization: string | undefined): Bearer {
  if (authorization === undefined || !scheme.test(authorization)) return { kind: 'absent' }
  const token = grammar.exec(authorization)?.[1]
  return token === undefined || token.length > longestToken ? { kind: 'malformed' } : { kind: 'token', token }
}
