import { randomUUID } from 'node:crypto'
import { sql, type Kysely } from 'kysely'
import type { Account, AccountStore, NewAccount } from '../../../core/identity/account-store.js'
import type { Tenant } from '../../../core/identity/tenant.js'
import { categories, type Category } from '../../../core/permission/grants.js'
import { assertName } from '../assert-name.js'
import type { ChangeFeed } from '../../../core/runtime/change-feed.js'
import type { Databases } from '../databases.js'
import { sqlState } from '../pool/database-failure.js'
import type { TenantSchema } from '../schema/tenant-schema.js'
import { isStorable, isUuid } from '../storable-text.js'
import { selectAccounts, toAccount } from './account-query.js'
import { grantTables } from './grant-tables.js'

const uniqueViolation = '23505'

/** The accounts in each tenant's own database. */
export class PostgresAccountStore implements AccountStore {
  readonly #databases: Databases
  readonly #changes: Pick<ChangeFeed, 'publish'>

  constructor(databases: Databases, changes: Pick<ChangeFeed, 'publish'>) {
    this.#databases = databases
    this.#changes = changes
  }

  async findByEmail(tenant: Tenant, email: string): Promise<Account | undefined> {
    if (!isStorable(email)) return undefined
    const db = await this.#databases.tenant(tenant)
    const row = await selectAccounts(db).where('account.email', '=', email).executeTakeFirst()
    return row && toAccount(row)
  }

  async find(tenant: Tenant, id: string): Promise<Account | undefined> {
    if (!isUuid(id)) return undefined
    return findById(await this.#databases.tenant(tenant), id)
  }

  async findPasswordHash(tenant: Tenant, id: string): Promise<string | undefined> {
    if (!isUuid(id)) return undefined
    const db = await this.#databases.tenant(tenant)
    const row = await db.selectFrom('account').select('password_hash').where('id', '=', id).executeTakeFirst()
    return row?.password_hash ?? undefined
  }

  /** Throws `TypeError` for an account that does not exist. */
  async setPasswordHash(tenant: Tenant, id: string, passwordHash: string): Promise<void> {
    if (!isUuid(id)) throw new TypeError('there is no such account')
    const db = await this.#databases.tenant(tenant)
    const result = await db
      .updateTable('account')
      .set({ password_hash: passwordHash })
      .where('id', '=', id)
      .executeTakeFirst()
    if (result.numUpdatedRows !== 1n) throw new TypeError('there is no such account')
  }

  async list(tenant: Tenant): Promise<readonly Account[]> {
    const db = await this.#databases.tenant(tenant)
    const rows = await selectAccounts(db)
      .orderBy(sql`account.email collate "C"`)
      .execute()
    return rows.map(toAccount)
  }

  /** Throws `TypeError` for an address that is taken, and for an address, name or grant that cannot be stored. */
  async create(tenant: Tenant, account: NewAccount): Promise<Account> {
    assertAccount(account)
    const db = await this.#databases.tenant(tenant)
    try {
      const created = await db.transaction().execute((step) => insertAccount(step, account))
      await this.#changes.publish(tenant)
      return created
    } catch (error) {
      if (sqlState(error) !== uniqueViolation) throw error
      throw new TypeError('there is an account with this address already')
    }
  }
}

async function insertAccount(db: Kysely<TenantSchema>, account: NewAccount): Promise<Account> {
  const id = randomUUID()
  await db
    .insertInto('account')
    .values({ id, email: account.email, name: account.name ?? null, password_hash: account.passwordHash ?? null })
    .execute()
  for (const category of categories) await grant(db, { id, category, names: account.grants[category] })
  const created = await findById(db, id)
  if (created === undefined) throw new TypeError('the account is gone')
  return created
}

interface Granting {
  readonly id: string
  readonly category: Category
  readonly names: readonly string[]
}

async function grant(db: Kysely<TenantSchema>, { id, category, names }: Granting): Promise<void> {
  if (names.length === 0) return
  const table = grantTables[category]
  const distinct = sql<string>`select distinct unnest(${[...names]}::text[]) as name`
  await sql`insert into ${sql.table(table.names)} (name) ${distinct} order by name on conflict do nothing`.execute(db)
  await sql`
    insert into ${sql.table(table.links)} (account_id, ${sql.ref(table.column)})
    select ${id}::uuid, id from ${sql.table(table.names)} where name = any(${[...names]}::text[])
  `.execute(db)
}

async function findById(db: Kysely<TenantSchema>, id: string): Promise<Account | undefined> {
  const row = await selectAccounts(db).where('account.id', '=', id).executeTakeFirst()
  return row && toAccount(row)
}

function assertAccount({ email, name, grants }: NewAccount): void {
  if (!/^[^\s@]+@[^\s@]+$/.test(email) || email.length > 254 || !isStorable(email)) {
    throw new TypeError('an account needs an e-mail address of at most 254 characters')
  }
  if (name !== undefined && (name.trim() === '' || name.length > 200 || !isStorable(name))) {
    throw new TypeError('the name of an account has 1 to 200 characters of text')
  }
  for (const category of categories) {
    for (const granted of grants[category]) assertName(category, granted)
  }
}
