import { sql, type Expression, type ExpressionBuilder, type Kysely, type SqlBool } from 'kysely'
import type {
  OwnedRecord,
  OwnedRecords,
  RecordName,
  RecordOwner,
  RecordScope,
} from '../../../core/identity/issuer-storage.js'
import type { MasterSchema } from '../schema/master-schema.js'
import { isStorable } from '../storable-text.js'
import { epochSeconds } from './epoch-seconds.js'
import { isOneOf, ownerColumns } from './postgres-issuer-storage.js'

type Condition = (row: ExpressionBuilder<MasterSchema, 'issuer_record'>) => Expression<SqlBool>

const columns = ['model', 'key', 'payload', 'grant_digest', 'owner_tenant', 'owner', 'application'] as const
const expires = epochSeconds('expires_at').as('expires')
const notExpired = sql<boolean>`(expires_at is null or expires_at > clock_timestamp())`
const isOwned = sql<boolean>`owner <> ''`

/** The authorization server's records by whose they are. */
export class PostgresOwnedRecords implements OwnedRecords {
  readonly #master: Kysely<MasterSchema>

  constructor(master: Kysely<MasterSchema>) {
    this.#master = master
  }

  async unowned(most: number): Promise<readonly OwnedRecord[]> {
    const rows = await this.#select().where('owner', 'is', null).limit(most).execute()
    return rows.map(toRecord)
  }

  async own({ model, key }: RecordName, owner: RecordOwner | 'nobody'): Promise<void> {
    await this.#master
      .updateTable('issuer_record')
      .set(ownerColumns(owner))
      .where('model', '=', model)
      .where('key', '=', key)
      .where('owner', 'is', null)
      .execute()
  }

  async list(scope: RecordScope, models: readonly string[]): Promise<readonly OwnedRecord[]> {
    const rows = await this.#select()
      .where('model', 'in', [...models])
      .where(conditionOf(scope))
      .where(notExpired)
      .execute()
    return rows.map(toRecord)
  }

  async find(model: string, key: string): Promise<OwnedRecord | undefined> {
    if (!isStorable(key)) return undefined
    const row = await this.#select()
      .where('model', '=', model)
      .where('key', '=', key)
      .where(isOwned)
      .where(notExpired)
      .executeTakeFirst()
    return row && toRecord(row)
  }

  async remove(scope: RecordScope): Promise<readonly OwnedRecord[]> {
    return this.#remove(conditionOf(scope))
  }

  async removeThese(records: readonly RecordName[]): Promise<readonly OwnedRecord[]> {
    return records.length === 0 ? [] : this.#remove((row) => row.and([isOwned, isOneOf(records)]))
  }

  async #remove(condition: Condition): Promise<readonly OwnedRecord[]> {
    return this.#master.transaction().execute(async (step) => {
      const removed = await step
        .deleteFrom('issuer_record')
        .where(condition)
        .returning(columns)
        .returning(expires)
        .execute()
      const grants = removed.filter(({ model }) => model === 'Grant').map(({ key }) => key)
      // What a grant leaves behind without the name of its owner.
      if (grants.length > 0) {
        const left = await step
          .deleteFrom('issuer_record')
          .where(sql<boolean>`grant_digest = any(${grants}::text[])`)
          .returning(columns)
          .returning(expires)
          .execute()
        return [...removed, ...left].map(toRecord)
      }
      return removed.map(toRecord)
    })
  }

  #select() {
    return this.#master.selectFrom('issuer_record').select(columns).select(expires)
  }
}

function conditionOf({ application, owners, spared, tenant }: RecordScope): Condition {
  return (row) =>
    row.and([
      isOwned,
      ...(tenant === undefined ? [] : [row('owner_tenant', '=', tenant)]),
      ...(owners === undefined ? [] : [sql<boolean>`owner = any(${[...owners]}::text[])`]),
      ...(spared === undefined ? [] : [row.not(isOneOf([spared]))]),
      ...(application === undefined
        ? []
        : [row.or([row('application', '=', application), row('application', 'is', null)])]),
    ])
}

interface RecordRow {
  readonly model: string
  readonly key: string
  readonly payload: Uint8Array
  readonly grant_digest: string | null
  readonly owner_tenant: string | null
  readonly owner: string | null
  readonly application: string | null
  readonly expires: number | null
}

function toRecord(row: RecordRow): OwnedRecord {
  const { owner: digest, owner_tenant: tenant } = row
  return {
    ...{ model: row.model, key: row.key, payload: row.payload, grant: row.grant_digest ?? undefined },
    owner: digest === null || tenant === null ? undefined : { tenant, digest },
    application: row.application ?? undefined,
    expiresAt: row.expires ?? undefined,
  }
}
