import { calculateJwkThumbprint, exportJWK, generateKeyPair, type JWK } from 'jose'
import type { SigningKey, SigningKeyStore } from '../../../core/identity/signing-key-store.js'
import { ConfigurationError } from '../../../core/error/configuration-error.js'

/** The keys that stand, newest first; makes the first one where there is none. All processes end up with the same. */
export async function ensureSigningKeys(store: SigningKeyStore): Promise<readonly [SigningKey, ...SigningKey[]]> {
  const [existing, ...older] = await store.list()
  if (existing !== undefined) return [existing, ...older]
  const [standing, ...others] = await store.ensure(await generateSigningKey())
  if (standing === undefined) throw new ConfigurationError('ERR_CONFIG_DATABASE', 'the signing key was not kept')
  return [standing, ...others]
}

/** A new P-256 key, named by its thumbprint (RFC 7638). */
export async function generateSigningKey(): Promise<SigningKey> {
  const pair = await generateKeyPair('ES256', { extractable: true })
  const publicJwk = await exportJWK(pair.publicKey)
  return {
    kid: await calculateJwkThumbprint(publicJwk),
    algorithm: 'ES256',
    publicJwk: membersOf(publicJwk),
    privateJwk: membersOf(await exportJWK(pair.privateKey)),
  }
}

/** The key as the token library takes it: what it is for is said, so that it is used for nothing else. */
export function signingJwk(key: SigningKey): Readonly<Record<string, string>> {
  return { ...key.privateJwk, kid: key.kid, alg: key.algorithm, use: 'sig' }
}

function membersOf(jwk: JWK): Readonly<Record<string, string>> {
  const members = Object.entries(jwk).flatMap(([name, value]) => (typeof value === 'string' ? [[name, value]] : []))
  return Object.fromEntries(members)
}
