import { createHash, createPrivateKey, createPublicKey, sign, verify, type KeyObject } from 'node:crypto'

export const checkpointFormat = 'authsec audit checkpoint 1'

/** How far one chain had come. */
export interface CheckpointChain {
  readonly name: string
  readonly kind: string
  /** Whose database it was begun in. */
  readonly place: string
  /** Which key seals it. */
  readonly key: string
  readonly sequence: number
  /** The seal of its last row, in hexadecimal. */
  readonly mac: string
  /** Its last row that was removed when its term was over; 0 for none. */
  readonly anchor: number
}

/** What an installation says of the trail in one database at one moment. */
export interface AuditCheckpoint {
  readonly format: typeof checkpointFormat
  /** Tells which installation. */
  readonly key: string
  /** What the signature is checked with: Ed25519 (RFC 8032), base64url. */
  readonly publicKey: string
  /** A tenant's id, or `master`. */
  readonly place: string
  /** The tenant's short name at that time. */
  readonly tenant: string | null
  /** By the database's clock, RFC 3339. */
  readonly at: string
  readonly chains: readonly CheckpointChain[]
  /** Rows that stood in all chains. */
  readonly rows: number
  /** Digest of the checkpoint before, in hexadecimal. */
  readonly previous: string | null
}

export interface SignedCheckpoint extends AuditCheckpoint {
  /** Over everything else, base64url. */
  readonly signature: string
}

/** RFC 8410 §7, without the seed. */
const privateKeyPrefix = Buffer.from('302e020100300506032b657004220420', 'hex')

/** Signs the checkpoints of one installation. */
export class CheckpointSigner {
  readonly #key: KeyObject
  /** What its signatures are checked with, base64url. */
  readonly publicKey: string

  /** The same 32 bytes always make the same key. */
  constructor(seed: Uint8Array) {
    this.#key = createPrivateKey({ key: Buffer.concat([privateKeyPrefix, seed]), format: 'der', type: 'pkcs8' })
    this.publicKey = createPublicKey(this.#key).export({ format: 'jwk' }).x ?? ''
  }

  sign(facts: Omit<AuditCheckpoint, 'format' | 'publicKey'>): SignedCheckpoint {
    const checkpoint = { ...facts, format: checkpointFormat, publicKey: this.publicKey } as const
    return { ...checkpoint, signature: sign(null, signedText(checkpoint), this.#key).toString('base64url') }
  }
}

/** Whether this is how a public key is written: 32 bytes as base64url, in their one spelling. */
export function isPublicKey(text: string): boolean {
  const bytes = Buffer.from(text, 'base64url')
  return bytes.length === 32 && bytes.toString('base64url') === text
}

/** Whether the key has signed exactly this. */
export function isSignedBy(checkpoint: SignedCheckpoint, publicKey: string): boolean {
  if (checkpoint.publicKey !== publicKey) return false
  try {
    const key = createPublicKey({ key: { kty: 'OKP', crv: 'Ed25519', x: publicKey }, format: 'jwk' })
    return verify(null, signedText(checkpoint), key, Buffer.from(checkpoint.signature, 'base64url'))
  } catch {
    return false
  }
}

/** What the next checkpoint says of this one, in hexadecimal. */
export function digestOf(checkpoint: SignedCheckpoint): string {
  return createHash('sha256').update(signedText(checkpoint)).update(checkpoint.signature).digest('hex')
}

/** `undefined` for what is no checkpoint. */
export function parseCheckpoint(text: string): SignedCheckpoint | undefined {
  try {
    const value: unknown = JSON.parse(text)
    return isCheckpoint(value) ? value : undefined
  } catch {
    return undefined
  }
}

/** One order of members, whatever else the JSON was given. */
function signedText(checkpoint: AuditCheckpoint): Buffer {
  const { at, chains, format, key, place, previous, publicKey, rows, tenant } = checkpoint
  const ends = chains.map((chain) => [
    ...[chain.name, chain.kind, chain.place, chain.key, chain.sequence, chain.mac, chain.anchor],
  ])
  return Buffer.from(JSON.stringify([format, key, publicKey, place, tenant, at, ends, rows, previous]))
}

function isCheckpoint(value: unknown): value is SignedCheckpoint {
  if (typeof value !== 'object' || value === null || Reflect.get(value, 'format') !== checkpointFormat) return false
  const chains: unknown = Reflect.get(value, 'chains')
  return (
    ['key', 'publicKey', 'place', 'at', 'signature'].every((name) => typeof Reflect.get(value, name) === 'string') &&
    ['tenant', 'previous'].every((name) => isTextOrNull(Reflect.get(value, name))) &&
    isCount(Reflect.get(value, 'rows')) &&
    Array.isArray(chains) &&
    chains.every(isChain)
  )
}

function isChain(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return false
  return (
    ['name', 'kind', 'place', 'key', 'mac'].every((name) => typeof Reflect.get(value, name) === 'string') &&
    ['sequence', 'anchor'].every((name) => isCount(Reflect.get(value, name)))
  )
}

function isTextOrNull(value: unknown): boolean {
  return value === null || typeof value === 'string'
}

function isCount(value: unknown): boolean {
  return Number.isSafeInteger(value) && Number(value) >= 0
}
