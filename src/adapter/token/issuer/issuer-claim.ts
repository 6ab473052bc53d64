import { AuthenticationError } from '../../../core/error/authentication-error.js'
import type { TrustedIssuer } from '../../../core/trust/trusted-issuer.js'
import type { JsonObject } from '../../../core/runtime/strict-json.js'

const directory = '{tid}'
const guid = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/

/** The issuer that made the token, when it is this one. Throws `AuthenticationError`. */
export function requireTokenIssuer(claims: JsonObject, { issuer }: Pick<TrustedIssuer, 'issuer'>): string {
  const { iss, tid } = claims
  const expected = isShared(issuer) ? issuerOfDirectory(issuer, tid) : issuer
  if (typeof iss === 'string' && iss !== '' && iss === expected) return iss
  throw new AuthenticationError('ERR_TOKEN_ISSUER', 'the token has another issuer')
}

/** Whether it stands for the issuers of all directories. */
export function isShared(issuer: string): boolean {
  return issuer.includes(directory)
}

/** Nothing of the token gets into a name unless it is what a directory's name can be. */
function issuerOfDirectory(issuer: string, tid: unknown): string | undefined {
  return typeof tid === 'string' && guid.test(tid) ? issuer.replace(directory, tid) : undefined
}
