import { AuthenticationError } from '../../core/error/authentication-error.js'
import type { JsonObject, JsonValue } from './strict-json.js'

/** The one algorithm of our own issuer. */
export const algorithm = 'ES256'

const maxKidBytes = 256
const members: ReadonlySet<string> = new Set(['alg', 'typ', 'kid'])
// RFC 9068 §4 names both; media types compare without case (RFC 7515 §4.1.9, RFC 2045 §5.1).
const accessTokenType = /^(?:application\/)?at\+jwt$/i

/**
 * The `kid` of an access token's header. Throws `AuthenticationError` unless the header holds `alg`, `typ` and `kid` and
 * nothing else: no key, address of a key, extension or compression that a token brings along is ever looked at.
 */
export function readAccessTokenHeader(header: JsonObject): string {
  return keyIdOf(header, (typ) => typeof typ === 'string' && accessTokenType.test(typ))
}

/** The `kid` of an ID token's header, as strictly. Its type is `JWT` (RFC 7519 §5.1) or not said; an access token always says its own. */
export function readIdTokenHeader(header: JsonObject): string {
  return keyIdOf(header, (typ) => typ === undefined || typ === 'JWT')
}

function keyIdOf(header: JsonObject, isOfType: (typ: JsonValue | undefined) => boolean): string {
  const { alg, typ, kid } = header
  if (!Object.keys(header).every((member) => members.has(member))) {
    throw new AuthenticationError('ERR_TOKEN_MALFORMED', 'the header of the token has a member that is not accepted')
  }
  if (alg !== algorithm) {
    throw new AuthenticationError('ERR_TOKEN_SIGNATURE', 'the issuer does not sign with this algorithm')
  }
  if (!isOfType(typ)) throw new AuthenticationError('ERR_TOKEN_TYPE', 'the token is of another type')
  if (typeof kid !== 'string' || kid === '' || Buffer.byteLength(kid) > maxKidBytes) {
    throw new AuthenticationError('ERR_TOKEN_MALFORMED', 'the header of the token does not name a key')
  }
  return kid
}
