import { AuthenticationError } from '../../../core/error/authentication-error.js'
import type { JsonObject } from '../../../core/runtime/strict-json.js'
import { parseTokenPart } from './parse-token-part.js'

const maxLength = 16 * 1024
const base64url = /^[A-Za-z0-9_-]+$/

/** A signed JWT taken apart. Nothing in it is true before the signature is verified. */
export interface CompactJws {
  readonly header: JsonObject
  readonly claims: JsonObject
}

/**
 * The header and claims of a token in compact serialization (RFC 7515 §7.1), of at most 16 KB. Throws `AuthenticationError`
 * for any other form, and where base64url would allow a second spelling of the same bytes.
 */
export function parseCompactJws(token: string): CompactJws {
  if (typeof token !== 'string' || token.length > maxLength) throw malformed('the token is not a text of at most 16 KB')
  const segments = token.split('.', 6)
  const [header, claims, signature] = segments
  if (segments.length === 5) throw malformed('the token is encrypted (JWE): nobody but its issuer can read it')
  if (segments.length !== 3 || header === undefined || claims === undefined || signature === undefined) {
    throw malformed('the token is not a signed JWT in compact serialization')
  }
  decode(signature)
  return { header: parseTokenPart(decode(header)), claims: parseTokenPart(decode(claims)) }
}

function decode(segment: string): Buffer {
  const bytes = base64url.test(segment) ? Buffer.from(segment, 'base64url') : undefined
  if (bytes?.toString('base64url') !== segment) throw malformed('a part of the token is not canonical base64url')
  return bytes
}

function malformed(message: string): AuthenticationError {
  return new AuthenticationError('ERR_TOKEN_MALFORMED', message)
}
