import { constants, generateKeyPairSync, randomUUID, sign, type KeyObject } from 'node:crypto'
import type { SigningAlgorithm } from '../../src/core/trust/trusted-issuer.js'

/** A key of an issuer elsewhere. */
export interface IssuerKey {
  readonly kid: string
  readonly algorithm: SigningAlgorithm
  readonly publicKey: KeyObject
  readonly privateKey: KeyObject
  /** As it stands in a key set (RFC 7517), with `kid`, `alg` and `use`. */
  readonly publicJwk: Readonly<Record<string, unknown>>
}

type Pair = Pick<IssuerKey, 'publicKey' | 'privateKey'>

const curves = { ES256: 'P-256', ES384: 'P-384', ES512: 'P-521' } as const

/** A fresh key for one algorithm. */
export function createIssuerKey(algorithm: SigningAlgorithm, kid: string = randomUUID()): IssuerKey {
  const { publicKey, privateKey } = generatePair(algorithm)
  const publicJwk = { ...publicKey.export({ format: 'jwk' }), kid, alg: algorithm, use: 'sig' }
  return { kid, algorithm, publicKey, privateKey, publicJwk }
}

/** The signature of `input` as JOSE wants it (RFC 7518 §3, RFC 8037 §3.1), by the key's own algorithm or another of its kind. */
export function signAs(
  { privateKey, algorithm }: IssuerKey,
  input: string,
  as: SigningAlgorithm = algorithm,
): Uint8Array {
  const text = Buffer.from(input)
  if (as === 'EdDSA' || as === 'Ed25519') return sign(null, text, privateKey)
  const hash = `sha${as.slice(2)}`
  if (as.startsWith('ES')) return sign(hash, text, { key: privateKey, dsaEncoding: 'ieee-p1363' })
  const padding = as.startsWith('PS') ? constants.RSA_PKCS1_PSS_PADDING : constants.RSA_PKCS1_PADDING
  const saltLength = constants.RSA_PSS_SALTLEN_DIGEST
  return sign(hash, text, { key: privateKey, padding, ...(as.startsWith('PS') ? { saltLength } : {}) })
}

function generatePair(algorithm: SigningAlgorithm): Pair {
  switch (algorithm) {
    case 'ES256':
    case 'ES384':
    case 'ES512':
      return generateKeyPairSync('ec', { namedCurve: curves[algorithm] })
    case 'EdDSA':
    case 'Ed25519':
      return generateKeyPairSync('ed25519')
    default:
      return generateKeyPairSync('rsa', { modulusLength: 2048 })
  }
}
