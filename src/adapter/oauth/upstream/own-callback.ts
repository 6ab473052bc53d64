import { refusal } from '../provider-failure.js'

/**
 * Whether a callback can be an answer of this provider at all: no parameter twice (RFC 6749 §3.1), and no other issuer named, not even
 * none (RFC 9207 §2.4, compared byte by byte). The library asks for an `iss` that the metadata promise. Throws `AuthenticationError`.
 */
export function requireOwnCallback(parameters: URLSearchParams, issuer: string): void {
  const names = [...parameters.keys()]
  if (new Set(names).size !== names.length) throw refusal('the callback has a parameter twice')
  if ((parameters.get('iss') ?? issuer) !== issuer) throw refusal('the callback is from another issuer')
}
