import type { Kysely } from 'kysely'
import type { MigrationProgress, MigrationResult, SchemaStatus } from '../../../core/administration/schema-status.js'
import type { Keyring } from '../../../core/credential/keyring.js'
import { UpstreamError } from '../../../core/error/upstream-error.js'
import type { ConnectionSettings } from '../connection-settings.js'
import type { Databases } from '../databases.js'
import { sqlState } from '../pool/database-failure.js'
import { withDatabase } from '../pool/with-database.js'
import { giveLogin } from '../provision/give-login.js'
import { lockTenant } from '../provision/lock-tenant.js'
import { maintenanceOf } from '../provision/maintenance.js'
import { migrateTenant } from '../provision/migrate-tenant.js'
import { sweepOrphans } from '../provision/sweep-orphans.js'
import { setTenantLogin } from '../provision/tenant-login.js'
import { readTenantRecord, type EnterableTenant } from '../provision/tenant-record.js'
import { holdTemplate } from '../provision/tenant-template.js'
import { missingSteps, takenSteps, withheldBy, type Migration, type MigrationSchema } from '../schema/migrate.js'
import { masterMigrations } from '../schema/master-migrations.js'
import { tenantMigrations } from '../schema/tenant-migrations.js'

/** Enough to keep a server busy, and few enough to leave it to those whom it serves. */
const tenantsAtOnce = 4
const databaseMissing = '3D000'

interface RegisteredDatabase {
  readonly id: string
  readonly tenant: string
  readonly database: string
}

export interface RunOptions {
  /** Slug; all tenants unless told, suspended ones included. */
  readonly tenant?: string | undefined
  readonly onProgress?: ((progress: MigrationProgress) => void) | undefined
}

/** Brings the databases of an installation to the schema of this version, as their owner, while older versions go on serving. */
export class MigrationRun {
  readonly #databases: Databases
  readonly #keys: Keyring

  constructor(databases: Databases, keys: Keyring) {
    this.#databases = databases
    this.#keys = keys
  }

  /** Changes nothing. Master first, then tenants by slug. */
  async status({ tenant }: RunOptions = {}): Promise<readonly SchemaStatus[]> {
    const { masterDatabase } = this.#databases
    const master = await this.#look({ tenant: undefined, database: masterDatabase }, masterMigrations)
    if (master.state === 'unreachable') throw silent(this.#databases.connection)
    // A master database that has never taken a step has no registry either.
    const tenants = master.missing.length === masterMigrations.length ? [] : await this.#tenants(tenant)
    const found = await inTurn(tenants, (place) => this.#look(place, tenantMigrations))
    return [master, ...found]
  }

  /**
   * The template for new tenants and then each tenant's database, a few at a time: its login, the steps that it lacks, what the login
   * may do. Master stands already. One that fails is left as it was, and the run goes on; running it again continues.
   */
  async migrate({ onProgress, tenant }: RunOptions = {}): Promise<readonly MigrationResult[]> {
    const tenants = await this.#tenants(tenant)
    await withDatabase<unknown, void>(maintenanceOf(this.#databases.connection), (db) => this.#prepare(db))
    let done = 0
    return inTurn(tenants, async (place) => {
      const result = await this.#migrateOne(place)
      done += 1
      onProgress?.({ done, total: tenants.length, result })
      return result
    })
  }

  async #prepare(db: Kysely<unknown>): Promise<void> {
    const { connection, masterDatabase } = this.#databases
    await holdTemplate(db, connection)
    await sweepOrphans(db, this.#databases.master(), masterDatabase)
  }

  async #tenants(slug: string | undefined): Promise<readonly RegisteredDatabase[]> {
    const query = this.#databases
      .master()
      .selectFrom('tenant')
      .select(['id', 'slug as tenant', 'database_name as database'])
      .orderBy('slug')
    return (slug === undefined ? query : query.where('slug', '=', slug)).execute()
  }

  async #look(
    place: Pick<SchemaStatus, 'database' | 'tenant'>,
    migrations: readonly Migration[],
  ): Promise<SchemaStatus> {
    const { database, tenant } = place
    try {
      return await this.#inside(database, async (db) => {
        const missing = await missingSteps(db, migrations)
        const withheld = withheldBy(missing, migrations)
        if (missing.length > 0) return { tenant, database, missing, withheld, state: 'behind' }
        const known = new Set(migrations.map(({ name }) => name))
        const newer = (await takenSteps(db)).some((name) => !known.has(name))
        return { tenant, database, missing, withheld, state: newer ? 'newer' : 'current' }
      })
    } catch (error) {
      if (tenant === undefined && sqlState(error) === databaseMissing) {
        return { tenant, database, missing: migrations.map(({ name }) => name), withheld: [], state: 'behind' }
      }
      return { tenant, database, missing: [], withheld: [], state: 'unreachable' }
    }
  }

  async #migrateOne(place: RegisteredDatabase): Promise<MigrationResult> {
    const { database, id, tenant } = place
    try {
      const missing = await this.#inside(database, (db) => missingSteps(db, tenantMigrations))
      const enterable = await this.#enterable(id)
      await migrateTenant(this.#databases.connection, enterable)
      const withheld = withheldBy(missing, tenantMigrations)
      return { tenant, database, taken: missing, withheld, failure: undefined }
    } catch (error) {
      return { tenant, database, taken: [], withheld: [], failure: reasonOf(error) }
    }
  }

  /** With a login that PostgreSQL agrees with: after a backup was restored elsewhere it does not know it. */
  async #enterable(id: string): Promise<EnterableTenant> {
    const { connection, masterDatabase } = this.#databases
    const master = this.#databases.master()
    const record = await readTenantRecord(master, this.#keys, id)
    const { login } = record
    if (login === undefined) return giveLogin({ connection, masterDatabase, master, keys: this.#keys }, record)
    await withDatabase<unknown, void>(maintenanceOf(connection), async (db) => {
      await lockTenant(db, masterDatabase, record.slug)
      await setTenantLogin(db, { tenantId: id, database: record.database }, login)
    })
    return { ...record, login }
  }

  #inside<Result>(database: string, action: (db: Kysely<MigrationSchema>) => Promise<Result>): Promise<Result> {
    const settings = this.#databases.connection
    return withDatabase<MigrationSchema, Result>({ settings, database, outage: 'TENANT_UNAVAILABLE' }, action)
  }
}

function silent({ host, port }: ConnectionSettings): UpstreamError {
  return new UpstreamError('AUTH_UNAVAILABLE', `PostgreSQL at ${host}:${port} does not answer, or does not let us in`)
}

/** In order, several at a time. */
async function inTurn<Item, Result>(
  items: readonly Item[],
  work: (item: Item) => Promise<Result>,
): Promise<readonly Result[]> {
  const results: Result[] = []
  const waiting = items.entries()
  const worker = async (): Promise<void> => {
    for (const [index, item] of waiting) results[index] = await work(item)
  }
  await Promise.all(Array.from({ length: tenantsAtOnce }, worker))
  return results
}

/** For an administrator, who may see what PostgreSQL says of a schema. */
function reasonOf(error: unknown): string {
  const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error
  const state = sqlState(error)
  const message = cause instanceof Error ? cause.message : String(cause)
  return state === undefined ? message : `${message} (${state})`
}
