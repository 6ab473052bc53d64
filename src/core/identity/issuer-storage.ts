/**
 * One record of the authorization server. `key` and the other references are keyed digests and `payload` is sealed:
 * the store never sees an id that could be used, nor a claim.
 */
export interface IssuerRecord {
  readonly model: string
  readonly key: string
  readonly payload: Uint8Array
  /** Seconds from now until the record is gone; `undefined` means never. */
  readonly expiresIn: number | undefined
  /** Keyed digest of the grant that the record belongs to. */
  readonly grant: string | undefined
  readonly uid: string | undefined
  readonly userCode: string | undefined
}

export interface StoredIssuerRecord {
  readonly payload: Uint8Array
  /** Seconds since the epoch, by the database's clock. */
  readonly consumedAt: number | undefined
}

export interface IssuerStorage {
  upsert(record: IssuerRecord): Promise<void>
  /** `undefined` for absent and for expired, by the database's clock. */
  find(model: string, key: string): Promise<StoredIssuerRecord | undefined>
  findByUid(model: string, uid: string): Promise<StoredIssuerRecord | undefined>
  findByUserCode(model: string, userCode: string): Promise<StoredIssuerRecord | undefined>
  /** Marks the record used, exactly once: `false` when it was used before, expired or absent. */
  consume(model: string, key: string): Promise<boolean>
  destroy(model: string, key: string): Promise<void>
  /** Removes the grant and every record that belongs to it. */
  revokeGrant(grant: string): Promise<void>
  /** Removes what has expired; answers with the number of records. */
  purge(): Promise<number>
}
