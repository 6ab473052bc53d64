import { sql, type Kysely } from 'kysely'
import type { Keyring } from '../../../core/credential/keyring.js'
import type { FoundLogin, LoginStore, NewLogin, StoredLogin } from '../../../core/sign-in/login-store.js'
import type { LoginTransaction } from '../../../core/sign-in/login-transaction.js'
import type { MasterSchema } from '../schema/master-schema.js'
import { isStorable } from '../storable-text.js'
import { parseLogin } from './parse-login.js'

const purpose = 'login-transaction'
const mostPerStarter = 3
const columns = ['key', 'starter', 'version', 'sealed'] as const

const notExpired = sql<boolean>`expires_at > clock_timestamp()`

interface LoginRow {
  readonly key: string
  readonly starter: string
  readonly version: number
  readonly sealed: Uint8Array
}

/** Login transactions in the master database, each sealed with the master key. Its clock alone decides what has expired. */
export class PostgresLoginStore implements LoginStore {
  readonly #master: Kysely<MasterSchema>
  readonly #keyring: Keyring

  constructor(master: Kysely<MasterSchema>, keyring: Keyring) {
    this.#master = master
    this.#keyring = keyring
  }

  async now(): Promise<number> {
    const query = sql<{ readonly now: number }>`select extract(epoch from clock_timestamp())::float8 as now`
    const { rows } = await query.execute(this.#master)
    const [row] = rows
    if (row === undefined) throw new TypeError('the database did not say what time it is')
    return row.now
  }

  async create({ key, ticketKey, stateKey, transaction, expiresIn }: NewLogin): Promise<void> {
    const { starter } = transaction
    const version = 1
    await this.#master.transaction().execute(async (step) => {
      await sql`select pg_advisory_xact_lock(hashtextextended(${`authsec login ${starter}`}, 0))`.execute(step)
      await keepNewest(step, starter, mostPerStarter - 1)
      await step
        .insertInto('login_transaction')
        .values({
          ...{ key, ticket_key: ticketKey ?? null, state_key: stateKey, starter, version },
          sealed: this.#seal(key, version, transaction),
          expires_at: term(expiresIn),
        })
        .execute()
    })
  }

  async find(key: string): Promise<FoundLogin | undefined> {
    if (!isStorable(key)) return undefined
    const row = await this.#live()
      .where((login) => login.or([login('key', '=', key), login('ticket_key', '=', key)]))
      .executeTakeFirst()
    const login = row && this.#open(row)
    return login && { ...login, byTicket: login.key !== key }
  }

  async findByState(stateKey: string): Promise<StoredLogin | undefined> {
    if (!isStorable(stateKey)) return undefined
    const row = await this.#live().where('state_key', '=', stateKey).executeTakeFirst()
    return row && this.#open(row)
  }

  async ofStarter(starter: string): Promise<readonly StoredLogin[]> {
    if (!isStorable(starter)) return []
    const rows = await this.#live().where('starter', '=', starter).orderBy('created_at', 'desc').execute()
    return rows.map((row) => this.#open(row)).filter((login) => login !== undefined)
  }

  async advance({ key, version }: StoredLogin, next: LoginTransaction, expiresIn?: number): Promise<boolean> {
    const result = await this.#master
      .updateTable('login_transaction')
      .set({ version: version + 1, sealed: this.#seal(key, version + 1, next) })
      .$if(expiresIn !== undefined, (update) => update.set({ expires_at: term(expiresIn ?? 0) }))
      .where('key', '=', key)
      .where('version', '=', version)
      .where(notExpired)
      .executeTakeFirst()
    return result.numUpdatedRows === 1n
  }

  #live() {
    return this.#master.selectFrom('login_transaction').select(columns).where(notExpired)
  }

  #seal(key: string, version: number, transaction: LoginTransaction): Uint8Array {
    return this.#keyring.seal(purpose, Buffer.from(JSON.stringify(transaction)), contextOf(key, version))
  }

  /** A row that was altered or moved, or sealed with another master key, is none: nobody can go on with it. */
  #open({ key, starter, version, sealed }: LoginRow): StoredLogin | undefined {
    try {
      const transaction = parseLogin(this.#keyring.open(purpose, sealed, contextOf(key, version)).toString())
      return transaction.starter === starter ? { key, version, transaction } : undefined
    } catch {
      return undefined
    }
  }
}

/** With the version an earlier state of the row cannot be put back in its place. */
function contextOf(key: string, version: number): string {
  return `${key} ${version}`
}

function term(seconds: number) {
  return sql<Date>`clock_timestamp() + make_interval(secs => ${seconds})`
}

async function keepNewest(db: Kysely<MasterSchema>, starter: string, most: number): Promise<void> {
  const newest = db
    .selectFrom('login_transaction')
    .select('key')
    .where('starter', '=', starter)
    .where(notExpired)
    .orderBy('created_at', 'desc')
    .limit(most)
  await db.deleteFrom('login_transaction').where('starter', '=', starter).where('key', 'not in', newest).execute()
}
