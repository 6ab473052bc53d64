import { createCipheriv, createDecipheriv, createHmac, hkdfSync, randomBytes } from 'node:crypto'
import type { Keyring } from './keyring.js'

const nonceLength = 12
const tagLength = 16

/** 32 bytes that seal and digest. The installation's own is never written by us except in development, and seals the keys that seal everything else. */
export class MasterKey implements Keyring {
  readonly #key: Buffer
  readonly #derived = new Map<string, Buffer>()

  /** Throws `TypeError` unless the key has 32 bytes. */
  constructor(key: Uint8Array) {
    if (key.byteLength !== 32) throw new TypeError('a master key has 32 bytes')
    this.#key = Buffer.from(key)
  }

  /** A new random key. */
  static generate(): MasterKey {
    return new MasterKey(randomBytes(32))
  }

  /** From 32 bytes in base64url or base64, as in `AUTHSEC_MASTER_KEY`. Throws `TypeError` for any other text. */
  static parse(text: string): MasterKey {
    const encoded = text.trim()
    // Buffer skips what is not base64, and would make a key of any sentence that is long enough.
    if (!/^[A-Za-z0-9+/_-]{43}=?$/.test(encoded)) throw new TypeError('a master key is 32 bytes in base64url or base64')
    return new MasterKey(Buffer.from(encoded, 'base64'))
  }

  /** The text form that `parse` reads. This is the secret itself. */
  reveal(): string {
    return this.#key.toString('base64url')
  }

  /** Tells keys apart, and says nothing about them. */
  get fingerprint(): string {
    return this.digest('fingerprint', '').slice(0, 12)
  }

  /** AES-256-GCM under a key derived for `purpose`; `context` must be the same when opening (a row cannot be moved). */
  seal(purpose: string, plaintext: Uint8Array, context: string): Uint8Array {
    const nonce = randomBytes(nonceLength)
    const cipher = createCipheriv('aes-256-gcm', this.derive(purpose), nonce)
    cipher.setAAD(Buffer.from(context))
    const sealed = Buffer.concat([cipher.update(plaintext), cipher.final()])
    return Buffer.concat([nonce, cipher.getAuthTag(), sealed])
  }

  /** The plaintext, or throws when key, purpose, context or bytes differ. */
  open(purpose: string, sealed: Uint8Array, context: string): Buffer {
    const bytes = Buffer.from(sealed)
    const decipher = createDecipheriv('aes-256-gcm', this.derive(purpose), bytes.subarray(0, nonceLength), {
      authTagLength: tagLength,
    })
    decipher.setAAD(Buffer.from(context))
    decipher.setAuthTag(bytes.subarray(nonceLength, nonceLength + tagLength))
    return Buffer.concat([decipher.update(bytes.subarray(nonceLength + tagLength)), decipher.final()])
  }

  /** HMAC-SHA-256 under a key derived for `purpose`, base64url: the same value always gives the same digest, and nothing leads back. */
  digest(purpose: string, value: string): string {
    return createHmac('sha256', this.derive(purpose)).update(value).digest('base64url')
  }

  /** 32 bytes for one purpose (HKDF-SHA-256, RFC 5869). Purposes are constants, so what is kept stays small. */
  derive(purpose: string): Buffer {
    const known = this.#derived.get(purpose)
    if (known !== undefined) return known
    const derived = Buffer.from(hkdfSync('sha256', this.#key, '', `authsec ${purpose}`, 32))
    this.#derived.set(purpose, derived)
    return derived
  }
}
