import { compactVerify, type CryptoKey } from 'jose'
import { AuthenticationError } from '../../core/error/authentication-error.js'
import { algorithm } from './token-header.js'

/** Throws `AuthenticationError` unless `token` was signed with this key of the issuer. */
export async function verifySignature(token: string, key: CryptoKey | undefined): Promise<void> {
  if (key === undefined) throw new AuthenticationError('ERR_TOKEN_SIGNATURE', 'the issuer has no such key')
  try {
    await compactVerify(token, key, { algorithms: [algorithm] })
  } catch {
    throw new AuthenticationError('ERR_TOKEN_SIGNATURE', 'the signature does not verify')
  }
}
