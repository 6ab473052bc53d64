/** An asymmetric key that signs access tokens. `privateJwk` exists in memory only; at rest it is sealed with the master key. */
export interface SigningKey {
  readonly kid: string
  readonly algorithm: 'ES256'
  readonly publicJwk: Readonly<Record<string, string>>
  readonly privateJwk: Readonly<Record<string, string>>
}

export interface SigningKeyStore {
  /** Newest first; the first one signs. */
  list(): Promise<readonly SigningKey[]>
  /** Stores `key` unless one exists already, atomically, so that several processes agree; answers with the keys that stand. */
  ensure(key: SigningKey): Promise<readonly SigningKey[]>
}
