import { sql, type Kysely } from 'kysely'
import type {
  IssuerRecord,
  IssuerStorage,
  RecordName,
  ReplacedRecord,
  StoredIssuerRecord,
} from '../../../core/identity/issuer-storage.js'
import type { MasterSchema } from '../schema/master-schema.js'
import { isStorable } from '../storable-text.js'

const notExpired = sql<boolean>`(expires_at is null or expires_at > clock_timestamp())`
const stored = ['payload', sql<number | null>`extract(epoch from consumed_at)::float8`.as('consumed_at')] as const

const insertColumns = [
  ...(['model', 'key', 'payload', 'grant_digest', 'uid', 'user_code'] as const),
  ...(['expires_at', 'owner_tenant', 'owner', 'application'] as const),
]

/** The authorization server's records in the master database. Its clock alone decides what has expired. */
export class PostgresIssuerStorage implements IssuerStorage {
  readonly #master: Kysely<MasterSchema>

  constructor(master: Kysely<MasterSchema>) {
    this.#master = master
  }

  /** A record that was used stays used, whatever is written over it. */
  async upsert(record: IssuerRecord): Promise<void> {
    const values = columnsOf(record)
    await this.#master
      .insertInto('issuer_record')
      .values({ model: record.model, key: record.key, ...values })
      .onConflict((conflict) => conflict.columns(['model', 'key']).doUpdateSet(values))
      .execute()
  }

  /** The lock of each row lets either this through or what ends it, never both. */
  async replace(record: IssuerRecord, basis: readonly ReplacedRecord[]): Promise<boolean> {
    const { key, model } = record
    const isOwn = (one: RecordName): boolean => one.model === model && one.key === key
    const others = basis.filter((one) => !isOwn(one))
    const values = columnsOf(record)
    const isComplete = sql<boolean>`(select count(*) from gone) = ${others.length}::int`
    const step = this.#master.with('gone', (db) =>
      db.deleteFrom('issuer_record').where(isOneAsRead(others)).where(notExpired).returning('key'),
    )
    if (others.length < basis.length) {
      const own = step
        .updateTable('issuer_record')
        .set(values)
        .where(isOneAsRead(basis.filter(isOwn)))
      return (await own.where(notExpired).where(isComplete).executeTakeFirst()).numUpdatedRows === 1n
    }
    const { payload, expires_at: expires, grant_digest: grant, uid, user_code: code, ...owned } = values
    const { application, owner, owner_tenant: tenant } = owned
    const row = sql<never>`${model}::text, ${key}::text, ${payload}::bytea, ${grant}::text, ${uid}::text, ${code}::text,
      (${expires})::timestamptz, ${tenant}::text, ${owner}::text, ${application}::text`
    const result = await step
      .insertInto('issuer_record')
      .columns(insertColumns)
      .expression(sql`select ${row} where ${isComplete}`)
      .executeTakeFirst()
    return result.numInsertedOrUpdatedRows === 1n
  }

  async find(model: string, key: string): Promise<StoredIssuerRecord | undefined> {
    return this.#find(model, 'key', key)
  }

  async findByUid(model: string, uid: string): Promise<StoredIssuerRecord | undefined> {
    return this.#find(model, 'uid', uid)
  }

  async findByUserCode(model: string, userCode: string): Promise<StoredIssuerRecord | undefined> {
    return this.#find(model, 'user_code', userCode)
  }

  async consume(model: string, key: string): Promise<boolean> {
    if (!isStorable(key)) return false
    const result = await this.#master
      .updateTable('issuer_record')
      .set({ consumed_at: sql`clock_timestamp()` })
      .where('model', '=', model)
      .where('key', '=', key)
      .where('consumed_at', 'is', null)
      .where(notExpired)
      .executeTakeFirst()
    return result.numUpdatedRows === 1n
  }

  async destroy(model: string, key: string): Promise<void> {
    if (!isStorable(key)) return
    await this.#master.deleteFrom('issuer_record').where('model', '=', model).where('key', '=', key).execute()
  }

  async take(model: string, key: string): Promise<StoredIssuerRecord | undefined> {
    if (!isStorable(key)) return undefined
    const row = await this.#master
      .deleteFrom('issuer_record')
      .where('model', '=', model)
      .where('key', '=', key)
      .returning(stored)
      .executeTakeFirst()
    return row && toStored(row)
  }

  async revokeGrant(grant: string): Promise<void> {
    if (!isStorable(grant)) return
    await this.#master
      .deleteFrom('issuer_record')
      .where((record) =>
        record.or([
          record('grant_digest', '=', grant),
          record.and([record('model', '=', 'Grant'), record('key', '=', grant)]),
        ]),
      )
      .execute()
  }

  async #find(
    model: string,
    column: 'key' | 'uid' | 'user_code',
    value: string,
  ): Promise<StoredIssuerRecord | undefined> {
    if (!isStorable(value)) return undefined
    const row = await this.#master
      .selectFrom('issuer_record')
      .select(stored)
      .where('model', '=', model)
      .where(column, '=', value)
      .where(notExpired)
      .executeTakeFirst()
    return row && toStored(row)
  }
}

function toStored(row: { readonly payload: Uint8Array; readonly consumed_at: number | null }): StoredIssuerRecord {
  return { payload: row.payload, consumedAt: row.consumed_at ?? undefined }
}

function columnsOf(record: IssuerRecord) {
  return {
    payload: Buffer.from(record.payload),
    grant_digest: record.grant ?? null,
    uid: record.uid ?? null,
    user_code: record.userCode ?? null,
    expires_at: expiry(record.expiresIn),
    ...ownerColumns(record.owner),
    application: record.application ?? null,
  }
}

/** Which of the records are named. */
export function isOneOf(names: readonly RecordName[]) {
  const [models, keys] = [names.map(({ model }) => model), names.map(({ key }) => key)]
  return sql<boolean>`(model, key) in (select * from unnest(${models}::text[], ${keys}::text[]))`
}

/** The same, where each still is what was read, if that is said. */
function isOneAsRead(records: readonly ReplacedRecord[]) {
  const each = records.map(({ key, model, payload }) => {
    const same = payload === undefined ? sql`true` : sql`payload = ${payload}::bytea`
    return sql`(model = ${model} and key = ${key} and ${same})`
  })
  return each.length === 0 ? sql<boolean>`false` : sql<boolean>`(${sql.join(each, sql` or `)})`
}

/** An empty text is nobody. */
export function ownerColumns(owner: IssuerRecord['owner']): {
  readonly owner_tenant: string | null
  readonly owner: string | null
} {
  if (owner === undefined) return { owner_tenant: null, owner: null }
  return owner === 'nobody' ? { owner_tenant: null, owner: '' } : { owner_tenant: owner.tenant, owner: owner.digest }
}

function expiry(seconds: number | undefined) {
  return seconds === undefined ? null : sql<Date>`clock_timestamp() + make_interval(secs => ${seconds})`
}
