import type { Kysely } from 'kysely'
import { UpstreamError } from '../../core/error/upstream-error.js'
import type { Tenant } from '../../core/identity/tenant.js'
import type { ConnectionSettings } from './connection-settings.js'
import { ConnectionPool, type PoolLimits, type PoolTimes } from './pool/connection-pool.js'
import { sqlState } from './pool/database-failure.js'
import { openKysely } from './pool/open-kysely.js'
import { withDatabase } from './pool/with-database.js'
import { masterMigrations } from './schema/master-migrations.js'
import type { MasterSchema } from './schema/master-schema.js'
import { isMigrated, migrate, type Migration, type MigrationSchema } from './schema/migrate.js'
import { tenantMigrations } from './schema/tenant-migrations.js'
import type { TenantSchema } from './schema/tenant-schema.js'
import { isUuid } from './storable-text.js'

export interface DatabasesOptions {
  readonly connection: ConnectionSettings
  readonly masterDatabase: string
  readonly masterLimits?: PoolLimits | undefined
  readonly tenantLimits?: PoolLimits | undefined
  readonly times?: PoolTimes | undefined
}

const masterLimits: PoolLimits = { connections: 8, perDatabase: 8, waiting: 512 }
const tenantLimits: PoolLimits = { connections: 40, perDatabase: 6, waiting: 512 }
/** Whoever has to wait for a connection and then for a lock knows within three seconds that it is in vain. */
const times: PoolTimes = { connect: 2000, wait: 1000, statement: 1800, query: 2300, idle: 30_000 }
const rememberedTenants = 1000
const databaseMissing = '3D000'

/** The master database and the tenants' databases of one cluster, 48 connections at most. */
export class Databases {
  readonly connection: ConnectionSettings
  readonly masterDatabase: string
  readonly #masterPool: ConnectionPool
  readonly #tenantPool: ConnectionPool
  readonly #master: Kysely<MasterSchema>
  /** By tenant id, least recently used first. */
  readonly #tenants = new Map<string, Promise<Kysely<TenantSchema>>>()

  constructor(options: DatabasesOptions) {
    const shared = { settings: options.connection, times: options.times ?? times }
    this.connection = options.connection
    this.masterDatabase = options.masterDatabase
    this.#masterPool = new ConnectionPool({
      ...shared,
      outage: 'AUTH_UNAVAILABLE',
      limits: options.masterLimits ?? masterLimits,
      onCrowded: () => this.#tenantPool.giveUpIdle(),
    })
    this.#tenantPool = new ConnectionPool({
      ...shared,
      outage: 'TENANT_UNAVAILABLE',
      limits: options.tenantLimits ?? tenantLimits,
      onCrowded: () => this.#masterPool.giveUpIdle(),
    })
    this.#master = openKysely<MasterSchema>(this.#masterPool, options.masterDatabase)
  }

  /** Brings the master database's schema up to date. Throws `UpstreamError` when it is absent or does not answer. */
  async prepareMaster(): Promise<void> {
    await this.#prepare(this.#masterPool, this.masterDatabase, masterMigrations)
  }

  master(): Kysely<MasterSchema> {
    return this.#master
  }

  /**
   * The tenant's database, its schema brought up to date on first use. Its name is what the registry stored when it was created,
   * never made from the tenant's. Throws `UpstreamError` for a tenant that the registry does not have.
   */
  tenant(tenant: Tenant): Promise<Kysely<TenantSchema>> {
    const known = this.#tenants.get(tenant.id)
    const opened = known ?? this.#openTenant(tenant)
    if (known !== undefined) this.#tenants.delete(tenant.id)
    this.#tenants.set(tenant.id, opened)
    if (known === undefined) {
      opened.catch(() => this.#forget(tenant, opened))
      this.#forgetOldest()
    }
    return opened
  }

  async close(): Promise<void> {
    await Promise.all([this.#masterPool.close(), this.#tenantPool.close()])
  }

  async #openTenant(tenant: Tenant): Promise<Kysely<TenantSchema>> {
    const database = await this.#databaseOf(tenant)
    await this.#prepare(this.#tenantPool, database, tenantMigrations)
    // A database that is gone may come back under another name: look the name up again.
    return openKysely<TenantSchema>(this.#tenantPool, database, (error) => {
      if (sqlState(error) === databaseMissing) this.#tenants.delete(tenant.id)
    })
  }

  async #prepare(pool: ConnectionPool, database: string, migrations: readonly Migration[]): Promise<void> {
    if (await isMigrated(openKysely<MigrationSchema>(pool, database), migrations)) return
    const target = { settings: this.connection, database, outage: pool.outage }
    await withDatabase<MigrationSchema, void>(target, (db) => migrate(db, migrations))
  }

  async #databaseOf(tenant: Tenant): Promise<string> {
    const row = isUuid(tenant.id)
      ? await this.#master.selectFrom('tenant').select('database_name').where('id', '=', tenant.id).executeTakeFirst()
      : undefined
    if (row === undefined) throw new UpstreamError('TENANT_UNAVAILABLE', 'the tenant is not in the registry')
    return row.database_name
  }

  #forget(tenant: Tenant, opened: Promise<Kysely<TenantSchema>>): void {
    if (this.#tenants.get(tenant.id) === opened) this.#tenants.delete(tenant.id)
  }

  #forgetOldest(): void {
    if (this.#tenants.size <= rememberedTenants) return
    for (const id of this.#tenants.keys()) {
      this.#tenants.delete(id)
      return
    }
  }
}
