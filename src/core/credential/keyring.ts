/** Seals what is stored, and recognizes what is looked up by a keyed digest. What it sealed or digested once, it knows for good. */
export interface Keyring {
  /** Encrypted and authenticated for `purpose`; `context` must be the same when opening (a row cannot be moved). */
  seal(purpose: string, plaintext: Uint8Array, context: string): Uint8Array
  /** The plaintext, or throws when key, purpose, context or bytes differ. */
  open(purpose: string, sealed: Uint8Array, context: string): Buffer
  /** Keyed digest, base64url: the same value always gives the same digest, and nothing leads back. */
  digest(purpose: string, value: string): string
  /** 32 bytes for one purpose, always the same. */
  derive(purpose: string): Buffer
}
