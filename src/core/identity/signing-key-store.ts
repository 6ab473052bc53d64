/** An asymmetric key that signs access tokens. `privateJwk` exists in memory only; at rest it is sealed with the master key. */
export interface SigningKey {
  readonly kid: string
  readonly algorithm: 'ES256'
  readonly publicJwk: Readonly<Record<string, string>>
  readonly privateJwk: Readonly<Record<string, string>>
}

export interface SigningKeySource {
  /** All that are published, by the database's clock: the one that signs, then those that will sign and those that did. */
  list(): Promise<readonly SigningKey[]>
  /** Another text as soon as the keys may be others than those listed before; absent where nobody is told. */
  revision?(): string
  /** For how many milliseconds a list counts from when it was asked for; `undefined`: for as long as the revision is the same. */
  lasts?(): number | undefined
}

export interface SigningKeyStore extends SigningKeySource {
  /** Calls `hear` whenever the keys may be others; answers with the way to stop that. Absent where nobody is told. */
  follow?(hear: () => void): () => void
  /** Stores `key` unless one exists already, atomically, so that several processes agree; answers with the keys that stand. */
  ensure(key: SigningKey): Promise<readonly SigningKey[]>
}
