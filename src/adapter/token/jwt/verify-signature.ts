import { compactVerify, type CryptoKey } from 'jose'
import { AuthenticationError } from '../../../core/error/authentication-error.js'
import type { KeyReference } from './token-header.js'

/** Throws `AuthenticationError` unless `token` was signed with this key of the issuer, in this way. */
export async function verifySignature(
  token: string,
  { algorithm }: KeyReference,
  key: CryptoKey | undefined,
): Promise<CryptoKey> {
  if (key === undefined) throw new AuthenticationError('ERR_TOKEN_SIGNATURE', 'the issuer has no such key')
  try {
    await compactVerify(token, key, { algorithms: [algorithm] })
    return key
  } catch {
    throw new AuthenticationError('ERR_TOKEN_SIGNATURE', 'the signature does not verify')
  }
}
