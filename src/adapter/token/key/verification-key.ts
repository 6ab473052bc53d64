import { importJWK, type CryptoKey } from 'jose'
import type { SigningAlgorithm } from '../../../core/trust/trusted-issuer.js'
import { isOfWeakFamily } from './weak-modulus.js'

/** A public key of an issuer and what it may verify. */
export interface VerificationKey {
  readonly kid: string | undefined
  /** For a set that serves several directories: tokens of which issuer it is for (Entra ID). */
  readonly issuer: string | undefined
  /** Tells it from every other one. */
  readonly fingerprint: string
  readonly byAlgorithm: ReadonlyMap<SigningAlgorithm, CryptoKey>
}

export type VettedKey =
  | { readonly kind: 'usable'; readonly key: VerificationKey }
  | { readonly kind: 'refused'; readonly kid: string | undefined; readonly reason: string }

/** A JSON Web Key as an issuer publishes it, not looked at yet. */
export type PublishedKey = Readonly<Record<string, unknown>>

interface Shape {
  readonly algorithms: readonly SigningAlgorithm[]
  readonly members: Readonly<Record<string, string>>
}

const rsaAlgorithms = ['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512'] as const
const curves: Readonly<Record<string, { readonly bytes: number; readonly algorithm: SigningAlgorithm }>> = {
  'P-256': { bytes: 32, algorithm: 'ES256' },
  'P-384': { bytes: 48, algorithm: 'ES384' },
  'P-521': { bytes: 66, algorithm: 'ES512' },
}
const privateMembers = ['d', 'p', 'q', 'dp', 'dq', 'qi', 'oth', 'k']
const maxKidBytes = 256
const modulusBits = { least: 2048, most: 8192 }

/** Why a key that is for something else is not used: nothing is wrong with it. */
export const notForSignatures = 'it is not for signatures'

/** The key made of its public members alone, or why it is not used. Only the algorithms that the issuer is trusted with are looked at. */
export async function vetKey(jwk: PublishedKey, trusted: readonly SigningAlgorithm[]): Promise<VettedKey> {
  const kid = typeof jwk['kid'] === 'string' ? jwk['kid'].slice(0, maxKidBytes) : undefined
  const refused = (reason: string): VettedKey => ({ kind: 'refused', kid, reason })
  const misuse = misuseOf(jwk)
  if (misuse !== undefined) return refused(misuse)
  const shape = shapeOf(jwk)
  if (typeof shape === 'string') return refused(shape)
  const algorithms = shape.algorithms.filter((name) => trusted.includes(name) && isFor(jwk['alg'], name))
  if (algorithms.length === 0) return refused('no algorithm that the issuer is trusted with goes with it')
  try {
    const byAlgorithm = new Map<SigningAlgorithm, CryptoKey>()
    for (const name of algorithms) byAlgorithm.set(name, await importKey(shape.members, name))
    const issuer = typeof jwk['issuer'] === 'string' ? jwk['issuer'] : undefined
    const fingerprint = JSON.stringify([kid ?? null, issuer ?? null, shape.members, algorithms])
    return { kind: 'usable', key: { kid, issuer, fingerprint, byAlgorithm } }
  } catch {
    return refused('it is not a point of its curve, or no key at all')
  }
}

/** RFC 7517 §4: whoever says what a key is for must say that it is for this; and nobody publishes what is private. */
function misuseOf(jwk: PublishedKey): string | undefined {
  const { kid, key_ops: operations, use } = jwk
  if (kid !== undefined && (typeof kid !== 'string' || kid === '' || Buffer.byteLength(kid) > maxKidBytes))
    return `its kid is not a text of at most ${maxKidBytes} bytes`
  if (privateMembers.some((member) => jwk[member] !== undefined)) return 'it has private members'
  if (use !== undefined && use !== 'sig') return notForSignatures
  const verifies = operations === undefined || (Array.isArray(operations) && isVerifyAlone(operations))
  return verifies ? undefined : 'it is not for verifying'
}

function isVerifyAlone(operations: readonly unknown[]): boolean {
  return operations.length === 1 && operations[0] === 'verify'
}

/** EdDSA and Ed25519 are two names of one thing here (RFC 9864 §2.2). */
function isFor(alg: unknown, name: SigningAlgorithm): boolean {
  if (alg === undefined || alg === name) return true
  return (name === 'EdDSA' || name === 'Ed25519') && (alg === 'EdDSA' || alg === 'Ed25519')
}

/** What kind of key it is, or what is wrong with it. */
function shapeOf(jwk: PublishedKey): Shape | string {
  const { crv, e, kty, n, x, y } = jwk
  if (kty === 'RSA') return rsaShape(n, e)
  if (kty === 'EC') {
    const curve = typeof crv === 'string' && Object.hasOwn(curves, crv) ? curves[crv] : undefined
    if (curve === undefined) return 'its curve is not P-256, P-384 or P-521'
    if (!isOfLength(x, curve.bytes) || !isOfLength(y, curve.bytes))
      return 'its coordinates are not of the length of its curve'
    return { algorithms: [curve.algorithm], members: { kty, crv: String(crv), x, y } }
  }
  if (kty === 'OKP') {
    if (crv !== 'Ed25519') return 'its curve is not Ed25519'
    if (!isOfLength(x, 32)) return 'its coordinate is not of the length of its curve'
    return { algorithms: ['EdDSA', 'Ed25519'], members: { kty, crv, x } }
  }
  return 'it is not an RSA, EC or OKP key'
}

function rsaShape(n: unknown, e: unknown): Shape | string {
  const modulus = integerOf(n)
  const exponent = integerOf(e)
  if (modulus === undefined || exponent === undefined || typeof n !== 'string' || typeof e !== 'string')
    return 'its modulus or exponent is not canonical base64url'
  const bits = modulus.toString(2).length
  if (bits < modulusBits.least) return `its modulus has ${bits} bits; ${modulusBits.least} are the least`
  if (bits > modulusBits.most) return `its modulus has ${bits} bits; ${modulusBits.most} are the most`
  if (modulus % 2n === 0n) return 'its modulus is even'
  if (exponent < 65_537n || exponent % 2n === 0n || exponent >= 1n << 32n)
    return 'its exponent is not an odd number from 65537 to 32 bits'
  if (isOfWeakFamily(modulus)) return 'its modulus is of a family that can be factored (CVE-2017-15361)'
  return { algorithms: rsaAlgorithms, members: { kty: 'RSA', n, e } }
}

/** Without a leading zero byte (RFC 7518 §6.3.1.1), so that one key has one spelling. */
function integerOf(value: unknown): bigint | undefined {
  const bytes = bytesOf(value)
  if (bytes === undefined || bytes.length === 0 || bytes.length > 2048 || bytes[0] === 0) return undefined
  return BigInt(`0x${bytes.toString('hex')}`)
}

function isOfLength(value: unknown, bytes: number): value is string {
  return bytesOf(value)?.length === bytes
}

function bytesOf(value: unknown): Buffer | undefined {
  if (typeof value !== 'string' || !/^[A-Za-z0-9_-]*$/.test(value)) return undefined
  const bytes = Buffer.from(value, 'base64url')
  return bytes.toString('base64url') === value ? bytes : undefined
}

async function importKey(members: Readonly<Record<string, string>>, algorithm: SigningAlgorithm): Promise<CryptoKey> {
  const imported = await importJWK({ ...members }, algorithm)
  if (imported instanceof Uint8Array) throw new TypeError('a shared secret is no public key')
  return imported
}
