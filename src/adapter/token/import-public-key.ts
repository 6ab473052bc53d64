import { importJWK, type CryptoKey } from 'jose'
import type { SigningKey } from '../../core/identity/signing-key-store.js'
import { algorithm } from './token-header.js'

const coordinate = /^[A-Za-z0-9_-]{43}$/
const privateMembers = ['d', 'p', 'q', 'dp', 'dq', 'qi', 'oth', 'k']

/** A key to verify with, made of the public members of `key` alone, or `undefined` when it is not a sound P-256 key for ES256. */
export async function importPublicKey(key: Omit<SigningKey, 'privateJwk'>): Promise<CryptoKey | undefined> {
  const jwk: Readonly<Record<string, unknown>> = key.publicJwk
  const { kty, crv, x, y } = jwk
  if (typeof key.kid !== 'string' || key.kid === '' || key.algorithm !== algorithm) return undefined
  if (kty !== 'EC' || crv !== 'P-256' || !isCoordinate(x) || !isCoordinate(y) || !isForVerifying(jwk, key.kid)) {
    return undefined
  }
  try {
    const imported = await importJWK({ kty, crv, x, y }, algorithm)
    return imported instanceof Uint8Array ? undefined : imported
  } catch {
    // Not a point of the curve.
    return undefined
  }
}

function isCoordinate(value: unknown): value is string {
  if (typeof value !== 'string' || !coordinate.test(value)) return false
  return Buffer.from(value, 'base64url').toString('base64url') === value
}

/** RFC 7517 §4: whoever says what a key is for must say that it is for this. */
function isForVerifying(jwk: Readonly<Record<string, unknown>>, kid: string): boolean {
  const { alg = algorithm, use = 'sig', key_ops: operations = ['verify'], kid: name = kid } = jwk
  if (privateMembers.some((member) => jwk[member] !== undefined)) return false
  const verifies = Array.isArray(operations) && operations.length === 1 && operations[0] === 'verify'
  return alg === algorithm && use === 'sig' && verifies && name === kid
}
