import type {
  IssuerRecord,
  IssuerStorage,
  OwnedRecord,
  RecordOwner,
  StoredIssuerRecord,
} from '../../../core/identity/issuer-storage.js'
import { ownerDigest, tenantDigest } from '../../../core/identity/session-owner.js'
import { subjectIn } from './subject-in.js'
import type { Keyring } from '../../../core/credential/keyring.js'

const keyBytes = 32

export type RecordPayload = Readonly<Record<string, unknown>>

export interface NewRecord {
  readonly model: string
  readonly id: string
  readonly payload: RecordPayload
  readonly expiresIn: number | undefined
  readonly grantId?: string | undefined
  readonly uid?: string | undefined
}

/** A record that another one takes the place of, by its own id. */
export interface RecordBasis extends Pick<NewRecord, 'id' | 'model'> {
  /** What of it was read, if another request may write it at the same time. */
  readonly sealed?: Uint8Array | undefined
}

export interface OpenedRecord {
  readonly payload: RecordPayload
  /** Seconds since the epoch, by the database's clock. */
  readonly consumedAt: number | undefined
}

/**
 * The authorization server's records as the store may see them. In this server an id is the secret (a code, a refresh
 * token, a session cookie): it is stored as a keyed digest, and the payload is sealed for exactly that row.
 */
export class SealedRecords {
  readonly #storage: IssuerStorage
  readonly #keyring: Keyring
  readonly #application: string | undefined

  /** `application` is the client id of the one whose authorization server writes them. */
  constructor(storage: IssuerStorage, keyring: Keyring, application?: string) {
    this.#storage = storage
    this.#keyring = keyring
    this.#application = application
  }

  /** The keyed digest under which a record is stored. */
  keyOf(model: string, id: string): string {
    return this.#keyring.digest(`issuer-record:${model}`, id)
  }

  /** The digest that goes into tokens and joins the records of one grant. */
  grantDigest(grantId: string): string {
    return this.keyOf('Grant', grantId)
  }

  async put(record: NewRecord): Promise<void> {
    await this.#storage.upsert(this.#sealed(record))
  }

  /** Writes the record in the place of these; `false`, and nothing is written, where one of them does not stand. */
  replace(record: NewRecord, basis: readonly RecordBasis[]): Promise<boolean> {
    const names = basis.map(({ id, model, sealed }) => ({ model, key: this.keyOf(model, id), payload: sealed }))
    return this.#storage.replace(this.#sealed(record), names)
  }

  #sealed(record: NewRecord): IssuerRecord {
    const key = this.keyOf(record.model, record.id)
    const grantId = record.model === 'Grant' ? record.id : record.grantId
    return {
      model: record.model,
      key,
      payload: this.#seal(record.model, key, record.payload),
      expiresIn: record.expiresIn,
      grant: grantId === undefined ? undefined : this.grantDigest(grantId),
      uid: record.uid === undefined ? undefined : this.#uidDigest(record.uid),
      userCode: undefined,
      owner: this.ownerOf(record.payload),
      application: this.#application,
    }
  }

  /** Throws when the row was altered, moved, or sealed with another key. */
  async find(model: string, id: string): Promise<OpenedRecord | undefined> {
    const key = this.keyOf(model, id)
    const stored = await this.#storage.find(model, key)
    return stored === undefined ? undefined : this.#open(model, key, stored)
  }

  /** Like `find`, with the bytes that `replace` tells a later one by. */
  async standing(model: string, id: string): Promise<(OpenedRecord & { readonly sealed: Uint8Array }) | undefined> {
    const key = this.keyOf(model, id)
    const stored = await this.#storage.find(model, key)
    return stored === undefined ? undefined : { ...this.#open(model, key, stored), sealed: stored.payload }
  }

  /** Like `find`, for whoever looks at the records of many: `unreadable` instead of throwing. Throws `UpstreamError` only. */
  async look(model: string, id: string): Promise<OpenedRecord | 'unreadable' | undefined> {
    const key = this.keyOf(model, id)
    const stored = await this.#storage.find(model, key)
    if (stored === undefined) return undefined
    try {
      return this.#open(model, key, stored)
    } catch {
      return 'unreadable'
    }
  }

  /** Like `find`, by the public id that `put` was given; a row that carries another one is refused. */
  async findByUid(model: string, uid: string): Promise<OpenedRecord | undefined> {
    const stored = await this.#storage.findByUid(model, this.#uidDigest(uid))
    if (stored === undefined) return undefined
    const key = Buffer.from(stored.payload).subarray(0, keyBytes).toString('base64url')
    const opened = this.#open(model, key, stored)
    return opened.payload['uid'] === uid ? opened : undefined
  }

  /** `true` for the one caller that used the record up. */
  consume(model: string, id: string): Promise<boolean> {
    return this.#storage.consume(model, this.keyOf(model, id))
  }

  destroy(model: string, id: string): Promise<void> {
    return this.#storage.destroy(model, this.keyOf(model, id))
  }

  /** Removes the record; answers with what was in it, unless somebody else has removed it. Throws like `find`. */
  async take(model: string, id: string): Promise<RecordPayload | undefined> {
    const key = this.keyOf(model, id)
    const stored = await this.#storage.take(model, key)
    return stored === undefined ? undefined : this.#open(model, key, stored).payload
  }

  /** Ends the grant and everything issued under it. */
  revokeGrant(grantId: string): Promise<void> {
    return this.#storage.revokeGrant(this.grantDigest(grantId))
  }

  /** Whether the grant record behind a token's digest still exists. */
  async hasGrant(grantDigest: string): Promise<boolean> {
    return (await this.#storage.find('Grant', grantDigest)) !== undefined
  }

  /** What is in the grant record behind a token's digest. Throws when the row was altered or moved. */
  async findGrant(grantDigest: string): Promise<RecordPayload | undefined> {
    const stored = await this.#storage.find('Grant', grantDigest)
    return stored === undefined ? undefined : this.#open('Grant', grantDigest, stored).payload
  }

  /** Whose a record is, by what is in it. */
  ownerOf(payload: RecordPayload): RecordOwner | 'nobody' {
    const subject = subjectIn(payload)
    if (subject === undefined) return 'nobody'
    const { accountId, tenantId } = subject
    const digest = ownerDigest(this.#keyring, { tenantId, issuer: undefined, subject: accountId })
    return { tenant: tenantDigest(this.#keyring, tenantId), digest }
  }

  /** What is in a row of the store. Throws when it was altered, moved, or sealed with another key. */
  open({ model, key, payload }: Pick<OwnedRecord, 'model' | 'key' | 'payload'>): RecordPayload {
    return this.#open(model, key, { payload, consumedAt: undefined }).payload
  }

  #uidDigest(uid: string): string {
    return this.#keyring.digest('issuer-record:uid', uid)
  }

  /** The key stands in front, for a row that is found by another column. */
  #seal(model: string, key: string, payload: RecordPayload): Uint8Array {
    const sealed = this.#keyring.seal('issuer-record', Buffer.from(JSON.stringify(payload)), `${model}:${key}`)
    return Buffer.concat([Buffer.from(key, 'base64url'), sealed])
  }

  #open(model: string, key: string, stored: StoredIssuerRecord): OpenedRecord {
    const sealed = Buffer.from(stored.payload).subarray(keyBytes)
    const plain = this.#keyring.open('issuer-record', sealed, `${model}:${key}`)
    return { payload: parsePayload(plain.toString()), consumedAt: stored.consumedAt }
  }
}

function parsePayload(text: string): RecordPayload {
  const payload: unknown = JSON.parse(text)
  if (typeof payload !== 'object' || payload === null) throw new TypeError('a record is not an object')
  return payload as RecordPayload
}
