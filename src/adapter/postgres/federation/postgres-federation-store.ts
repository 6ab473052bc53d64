import { sql, type Kysely } from 'kysely'
import type { Keyring } from '../../../core/credential/keyring.js'
import type {
  Federation,
  FederationKeys,
  FederationStore,
  StoredFederation,
} from '../../../core/federation/federation-store.js'
import type { MasterSchema } from '../schema/master-schema.js'
import { parseFederation } from './parse-federation.js'

const purpose = 'federation-transaction'
const columns = ['state_key', 'sign_in_key', 'browser_key', 'phase', 'sealed'] as const
const notExpired = sql<boolean>`expires_at > clock_timestamp()`

interface FederationRow {
  readonly state_key: string
  readonly sign_in_key: string
  readonly browser_key: string
  readonly phase: Federation['phase']
  readonly sealed: Uint8Array
}

/** Sign-ins with providers in the master database, each sealed. Its clock alone decides what has expired. */
export class PostgresFederationStore implements FederationStore {
  readonly #master: Kysely<MasterSchema>
  readonly #keyring: Keyring

  constructor(master: Kysely<MasterSchema>, keyring: Keyring) {
    this.#master = master
    this.#keyring = keyring
  }

  async create({ federation, keys }: StoredFederation, expiresIn: number): Promise<number> {
    const { rows } = await sql<{ readonly earlier: number }>`
      with created as (
        insert into federation_transaction (state_key, sign_in_key, browser_key, phase, sealed, expires_at)
        values (${keys.state}, ${keys.signIn}, ${keys.browser}, ${federation.phase}, ${this.#seal(keys, federation)},
          clock_timestamp() + make_interval(secs => ${expiresIn}))
      )
      select count(*)::integer as earlier from federation_transaction
      where sign_in_key = ${keys.signIn} and ${notExpired}
    `.execute(this.#master)
    return rows[0]?.earlier ?? 0
  }

  async findByState(state: string): Promise<StoredFederation | undefined> {
    const row = await this.#live().where('state_key', '=', state).executeTakeFirst()
    return row && this.#open(row)
  }

  async findIdentified({ browser, signIn }: Omit<FederationKeys, 'state'>): Promise<StoredFederation | undefined> {
    const row = await this.#live()
      .where('sign_in_key', '=', signIn)
      .where('browser_key', '=', browser)
      .where('phase', '=', 'identified')
      .orderBy('created_at', 'desc')
      .executeTakeFirst()
    return row && this.#open(row)
  }

  async advance({ federation, keys }: StoredFederation, next: Federation): Promise<boolean> {
    const result = await this.#master
      .updateTable('federation_transaction')
      .set({ phase: next.phase, sealed: this.#seal(keys, next) })
      .where('state_key', '=', keys.state)
      .where('phase', '=', federation.phase)
      .where(notExpired)
      .executeTakeFirst()
    return result.numUpdatedRows === 1n
  }

  #live() {
    return this.#master.selectFrom('federation_transaction').select(columns).where(notExpired)
  }

  #seal(keys: FederationKeys, federation: Federation): Uint8Array {
    return this.#keyring.seal(purpose, Buffer.from(JSON.stringify(federation)), contextOf(keys, federation.phase))
  }

  /** A row that was altered or moved, or sealed with another key, is none: nobody can go on with it. */
  #open(row: FederationRow): StoredFederation | undefined {
    const keys = { state: row.state_key, signIn: row.sign_in_key, browser: row.browser_key }
    try {
      const text = this.#keyring.open(purpose, row.sealed, contextOf(keys, row.phase)).toString()
      const federation = parseFederation(text)
      return federation.phase === row.phase ? { keys, federation } : undefined
    } catch {
      return undefined
    }
  }
}

/** With the phase an earlier state of the row cannot be put back in its place. */
function contextOf({ browser, signIn, state }: FederationKeys, phase: string): string {
  return [state, signIn, browser, phase].join(' ')
}
