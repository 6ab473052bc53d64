import { compactVerify, type CryptoKey } from 'jose'
import { AuthenticationError } from '../../../core/error/authentication-error.js'
import { Turnstile } from '../../../core/runtime/turnstile.js'
import type { KeyReference } from './token-header.js'

/**
 * Signatures are checked on the few threads that all work of this process shares: forged tokens of an issuer wait for each other, not
 * everybody for them. A token that was verified before does not come here.
 */
const signatures = new Turnstile({ atOnce: 4, waiting: 1_000, milliseconds: 1_000 })

/** The key that a token names, as far as its issuer has it. */
export interface NamedKey {
  readonly issuer: string
  readonly key: CryptoKey | undefined
}

/**
 * Throws `AuthenticationError` unless `token` was signed with this key of the issuer, in this way; `UpstreamError` (`OVERLOADED`) where
 * too many wait to have theirs looked at.
 */
export async function verifySignature(
  token: string,
  { algorithm }: KeyReference,
  { issuer, key }: NamedKey,
): Promise<CryptoKey> {
  if (key === undefined) throw new AuthenticationError('ERR_TOKEN_SIGNATURE', 'the issuer has no such key')
  return signatures.pass(issuer, async () => {
    try {
      await compactVerify(token, key, { algorithms: [algorithm] })
      return key
    } catch {
      throw new AuthenticationError('ERR_TOKEN_SIGNATURE', 'the signature does not verify')
    }
  })
}
