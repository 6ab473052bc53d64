import { setTimeout as pause } from 'node:timers/promises'
import { sql, type Kysely } from 'kysely'
import type { Tenant, TenantRegistry } from '../../core/identity/tenant.js'
import type { Log } from '../../core/runtime/log.js'
import type { RateLimiter } from '../../core/runtime/rate-limiter.js'
import type { MasterSchema } from './schema/master-schema.js'
import type { PostgresAuditLog } from './audit/log/postgres-audit-log.js'
import type { PostgresKeptTokenStore } from './federation/postgres-kept-token-store.js'
import type { PostgresSignInStore } from './store/postgres-sign-in-store.js'
import { hasEnded } from './store/session-term.js'

const everyMilliseconds = 5 * 60 * 1000
/** Small enough for one statement to end in time, however much has expired. */
const batch = 1000
/** After a full batch those go first who wait for the database. */
const breathMilliseconds = 20
/** One process sweeps for all of them. One that was killed over it leaves its turn to whoever comes next. */
const turn = { name: 'sweep', limit: 1, seconds: 4 * 60 }

const masterTables = [
  { table: 'login_transaction', key: 'key', ended: sql<boolean>`expires_at <= statement_timestamp()` },
  { table: 'federation_transaction', key: 'state_key', ended: sql<boolean>`expires_at <= statement_timestamp()` },
  { table: 'transport_session', key: 'digest', ended: hasEnded },
  // Its key has two columns; nobody else moves a row that is locked.
  { table: 'issuer_record', key: 'ctid', ended: sql<boolean>`expires_at <= statement_timestamp()` },
  { table: 'issuer_logout', key: 'ctid', ended: sql<boolean>`expires_at <= statement_timestamp()` },
  { table: 'signing_key', key: 'kid', ended: sql<boolean>`ends_at <= statement_timestamp()` },
  { table: 'rate_limit', key: 'key', ended: sql<boolean>`ends_at <= statement_timestamp()` },
]

interface Drained {
  readonly rows: number
  readonly outcome: 'done' | 'failed'
}

type MasterTable = (typeof masterTables)[number]

export interface SweeperOptions {
  readonly master: Kysely<MasterSchema>
  readonly tenants: Pick<TenantRegistry, 'list'>
  readonly signIns: Pick<PostgresSignInStore, 'removeExpired'>
  readonly keptTokens: Pick<PostgresKeptTokenStore, 'removeOrphaned'>
  readonly audit: Pick<PostgresAuditLog, 'settle'>
  /** Whose turn it is. */
  readonly turns: Pick<RateLimiter, 'take'>
  readonly log: Log
}

/** Removes what has expired by the databases' clocks, now and then; never keeps the process alive. Several may sweep at once, but take turns. */
export class Sweeper {
  readonly #options: SweeperOptions
  readonly #timer: NodeJS.Timeout
  #running: Promise<unknown> = Promise.resolve()
  #stopped = false

  constructor(options: SweeperOptions) {
    this.#options = options
    this.#timer = setInterval(() => void this.#sweepInTurn(), everyMilliseconds).unref()
  }

  /** Answers with the number of rows removed, once those of every table that answers are. What does not is in the log. */
  sweep(): Promise<number> {
    const swept = this.#running.then(() => this.#sweep())
    this.#running = swept
    return swept
  }

  /** Resolves when nothing is being removed any more. */
  async stop(): Promise<void> {
    this.#stopped = true
    clearInterval(this.#timer)
    await this.#running
  }

  async #sweepInTurn(): Promise<void> {
    try {
      const { admitted } = await this.#options.turns.take([{ limit: turn, key: 'all' }])
      if (admitted) await this.sweep()
    } catch (error) {
      this.#fail({ table: 'rate_limit' }, error)
    }
  }

  async #sweep(): Promise<number> {
    const { master } = this.#options
    let removed = 0
    for (const table of masterTables) {
      removed += (await this.#drain({ table: table.table }, () => removeEnded(master, table))).rows
    }
    await this.#settle(undefined)
    for (const tenant of await this.#tenants()) removed += await this.#sweepTenant(tenant)
    return removed
  }

  /** Whoever did not answer is not asked again. */
  async #sweepTenant(tenant: Tenant): Promise<number> {
    const { keptTokens, signIns } = this.#options
    const place = { tenant: tenant.slug }
    const ended = await this.#drain({ table: 'session', ...place }, () => signIns.removeExpired(tenant, batch))
    if (ended.outcome === 'failed') return ended.rows
    const orphaned = await this.#drain({ table: 'kept_token', ...place }, () => keptTokens.removeOrphaned(tenant))
    await this.#settle(tenant)
    return ended.rows + orphaned.rows
  }

  /** What processes that are gone have left open in the audit trail. */
  async #settle(tenant: Tenant | undefined): Promise<void> {
    const place = { table: 'audit_event', ...(tenant === undefined ? {} : { tenant: tenant.slug }) }
    await this.#drain(place, async () => {
      await this.#options.audit.settle(tenant)
      return 0
    })
  }

  async #tenants(): Promise<readonly Tenant[]> {
    if (this.#stopped) return []
    try {
      return await this.#options.tenants.list()
    } catch (error) {
      this.#fail({ table: 'tenant' }, error)
      return []
    }
  }

  /** One database that is down must not keep the others from being swept. */
  async #drain(place: Readonly<Record<string, string>>, removeBatch: () => Promise<number>): Promise<Drained> {
    let rows = 0
    try {
      while (!this.#stopped) {
        const removed = await removeBatch()
        rows += removed
        if (removed < batch) break
        await pause(breathMilliseconds)
      }
      return { rows, outcome: 'done' }
    } catch (error) {
      this.#fail(place, error)
      return { rows, outcome: 'failed' }
    }
  }

  #fail(place: Readonly<Record<string, string>>, error: unknown): void {
    this.#options.log.write('warn', 'what has expired could not be removed', { ...place, error })
  }
}

async function removeEnded(master: Kysely<MasterSchema>, { table, key, ended }: MasterTable): Promise<number> {
  const result = await sql`
    with ended as materialized (
      select ${sql.ref(key)} as found from ${sql.table(table)} where ${ended} limit ${batch} for update skip locked
    )
    delete from ${sql.table(table)} using ended where ${sql.table(table)}.${sql.ref(key)} = ended.found
  `.execute(master)
  return Number(result.numAffectedRows ?? 0)
}
