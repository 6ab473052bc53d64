/** Whose record it is: `tenantDigest` and `ownerDigest`. */
export interface RecordOwner {
  readonly tenant: string
  readonly digest: string
}

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
  /** Absent where that was not looked at. */
  readonly owner?: RecordOwner | 'nobody' | undefined
  /** The application (client id) whose authorization server writes it. */
  readonly application?: string | undefined
}

export interface StoredIssuerRecord {
  readonly payload: Uint8Array
  /** Seconds since the epoch, by the database's clock. */
  readonly consumedAt: number | undefined
}

/** Which record is meant. */
export interface RecordName {
  readonly model: string
  readonly key: string
}

/** A record that another one takes the place of. */
export interface ReplacedRecord extends RecordName {
  /** As it was read: with anything else in it, it is not the one that is meant. */
  readonly payload?: Uint8Array | undefined
}

export interface IssuerStorage {
  upsert(record: IssuerRecord): Promise<void>
  /** Writes the record in the place of these, in one step; `false`, and nothing is written, where one of them does not stand. */
  replace(record: IssuerRecord, basis: readonly ReplacedRecord[]): Promise<boolean>
  /** `undefined` for absent and for expired, by the database's clock. */
  find(model: string, key: string): Promise<StoredIssuerRecord | undefined>
  findByUid(model: string, uid: string): Promise<StoredIssuerRecord | undefined>
  findByUserCode(model: string, userCode: string): Promise<StoredIssuerRecord | undefined>
  /** Marks the record used, exactly once: `false` when it was used before, expired or absent. */
  consume(model: string, key: string): Promise<boolean>
  destroy(model: string, key: string): Promise<void>
  /** Removes the record; answers with what it was, unless somebody else has removed it. */
  take(model: string, key: string): Promise<StoredIssuerRecord | undefined>
  /** Removes the grant and every record that belongs to it. */
  revokeGrant(grant: string): Promise<void>
}

/** Which records are meant, of those that are somebody's. Each member narrows. */
export interface RecordScope {
  /** By `tenantDigest`. */
  readonly tenant: string | undefined
  /** By `ownerDigest`. */
  readonly owners: readonly string[] | undefined
  /** Records that were written before that was kept may be of any application. */
  readonly application: string | undefined
  /** One that is not meant. */
  readonly spared?: RecordName | undefined
}

/** A record with whose it is. */
export interface OwnedRecord {
  readonly model: string
  readonly key: string
  readonly payload: Uint8Array
  readonly grant: string | undefined
  readonly owner: RecordOwner | undefined
  readonly application: string | undefined
  /** Seconds since the epoch, by the database's clock. */
  readonly expiresAt: number | undefined
}

/** The same records by whose they are, for whoever looks after sessions. Each method throws `UpstreamError`. */
export interface OwnedRecords {
  /** At most so many records of which nobody has looked yet whose they are, as older versions wrote them. */
  unowned(most: number): Promise<readonly OwnedRecord[]>
  /** Writes down whose a record is, unless that is known by now. */
  own(record: RecordName, owner: RecordOwner | 'nobody'): Promise<void>
  /** Those of these models that stand. */
  list(scope: RecordScope, models: readonly string[]): Promise<readonly OwnedRecord[]>
  /** The one of this key that stands. */
  find(model: string, key: string): Promise<OwnedRecord | undefined>
  /** Removes whatever is of this scope, of every model, with all that belongs to a grant among it; answers with what was owned. */
  remove(scope: RecordScope): Promise<readonly OwnedRecord[]>
  /** The same for these alone: all of them that still stand, or none where that fails. */
  removeThese(records: readonly RecordName[]): Promise<readonly OwnedRecord[]>
}
