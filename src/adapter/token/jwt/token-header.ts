import { AuthenticationError } from '../../../core/error/authentication-error.js'
import { signingAlgorithms, type SigningAlgorithm, type TokenType } from '../../../core/trust/trusted-issuer.js'
import type { JsonObject, JsonValue } from '../../../core/runtime/strict-json.js'

/** What the header of an issuer's tokens may be. */
export interface HeaderRule {
  readonly algorithms: readonly SigningAlgorithm[]
  readonly types: readonly HeaderType[]
  /** `own`: `alg`, `typ` and `kid`, all of them and nothing else. `any`: whatever brings no key, extension or compression along. */
  readonly members: 'own' | 'any'
}

/** `logout+jwt` is what issuers send when somebody signs out (OpenID Connect Back-Channel Logout §2.4). */
export type HeaderType = TokenType | 'logout+jwt'

/** Which key a token says it was signed with, and how. */
export interface KeyReference {
  readonly algorithm: SigningAlgorithm
  /** Absent where the issuer has one key and does not name it (RFC 7515 §4.1.4). */
  readonly kid: string | undefined
}

const maxKidBytes = 256
const ownMembers: ReadonlySet<string> = new Set(['alg', 'typ', 'kid'])
// RFC 7515 §4.1.2 to §4.1.6 and §4.1.11, RFC 7797, RFC 7516 §4.1, RFC 7518 §4.
const refusedMembers: ReadonlySet<string> = new Set([
  ...['jku', 'jwk', 'x5u', 'x5c', 'crit', 'b64', 'zip', 'cty'],
  ...['enc', 'epk', 'apu', 'apv', 'iv', 'tag', 'p2s', 'p2c'],
])
const headerTypes: readonly HeaderType[] = ['at+jwt', 'jwt', 'logout+jwt']
const algorithms: ReadonlySet<unknown> = new Set(signingAlgorithms)

/**
 * The key that a token names. Throws `AuthenticationError` unless the header says what the issuer's headers say: no key, address
 * of a key, extension or compression that a token brings along is ever looked at.
 */
export function readHeader(header: JsonObject, rule: HeaderRule): KeyReference {
  const accepts = (name: string): boolean => (rule.members === 'own' ? ownMembers.has(name) : !refusedMembers.has(name))
  if (!Object.keys(header).every(accepts)) {
    throw new AuthenticationError('ERR_TOKEN_MALFORMED', 'the header of the token has a member that is not accepted')
  }
  const { alg, kid } = header
  if (!isAlgorithm(alg) || !rule.algorithms.includes(alg)) {
    throw new AuthenticationError('ERR_TOKEN_SIGNATURE', 'the issuer does not sign with this algorithm')
  }
  const type = typeOf(header['typ'])
  if (type === undefined || !rule.types.includes(type)) {
    throw new AuthenticationError('ERR_TOKEN_TYPE', 'the token is of another type')
  }
  if (kid === undefined && rule.members === 'any') return { algorithm: alg, kid }
  if (typeof kid !== 'string' || kid === '' || Buffer.byteLength(kid) > maxKidBytes) {
    throw new AuthenticationError('ERR_TOKEN_MALFORMED', 'the header of the token does not name a key')
  }
  return { algorithm: alg, kid }
}

function isAlgorithm(value: JsonValue | undefined): value is SigningAlgorithm {
  return algorithms.has(value)
}

/** Media types compare without case, and without `application/` (RFC 7515 §4.1.9, RFC 2045 §5.1). */
function typeOf(typ: JsonValue | undefined): HeaderType | undefined {
  if (typ === undefined) return 'absent'
  if (typeof typ !== 'string') return undefined
  const name = typ.toLowerCase().replace(/^application\//, '')
  return headerTypes.find((known) => known === name)
}
