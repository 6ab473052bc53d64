import type { Kysely } from 'kysely'
import type { Keyring } from '../../core/credential/keyring.js'
import { UpstreamError } from '../../core/error/upstream-error.js'
import type { Tenant } from '../../core/identity/tenant.js'
import type { Log } from '../../core/runtime/log.js'
import { Turns } from '../../core/runtime/turns.js'
import type { Tracer } from '../../core/runtime/tracer.js'
import type { ConnectionSettings } from './connection-settings.js'
import type { PoolState } from '../../core/runtime/vitals.js'
import { AuditTrail } from './audit/audit-trail.js'
import { ConnectionPool, type PoolLimits, type PoolTimes } from './pool/connection-pool.js'
import { sqlState } from './pool/database-failure.js'
import { inTime } from './pool/in-time.js'
import { openKysely } from './pool/open-kysely.js'
import { withDatabase } from './pool/with-database.js'
import { masterMigrations } from './schema/master-migrations.js'
import type { MasterSchema } from './schema/master-schema.js'
import { giveLogin } from './provision/give-login.js'
import { migrateTenant } from './provision/migrate-tenant.js'
import { readTenantRecord, type EnterableTenant } from './provision/tenant-record.js'
import { isMigrated, migrate, type MigrationSchema } from './schema/migrate.js'
import { tenantMigrations } from './schema/tenant-migrations.js'
import type { TenantSchema } from './schema/tenant-schema.js'

export interface DatabasesOptions {
  readonly connection: ConnectionSettings
  readonly masterDatabase: string
  /** Opens the passwords of the tenants' logins. */
  readonly keys: Keyring
  readonly masterLimits: PoolLimits
  readonly tenantLimits: PoolLimits
  readonly times?: PoolTimes | undefined
  readonly tracer?: Tracer | undefined
  readonly log?: Log | undefined
}

/** Whoever has to wait for a connection and then for a lock knows within three seconds that it is in vain. */
const times: PoolTimes = { connect: 2000, wait: 1000, statement: 1800, query: 2300, idle: 30_000 }
const rememberedTenants = 1000
const migrationMilliseconds = 2_500
/** Each on a connection of its own. */
const migrationsAtOnce = 2
/** The database, or the role that may enter it, is not what it was. */
const outdated = new Set(['3D000', '28000', '28P01', '42501'])

/** The master database and the tenants' databases of one cluster, each side under a budget of connections. */
export class Databases {
  readonly connection: ConnectionSettings
  readonly masterDatabase: string
  /** Where the changes of each database are put on record. */
  readonly trail: AuditTrail
  readonly #keys: Keyring
  readonly #masterPool: ConnectionPool
  readonly #tenantPool: ConnectionPool
  readonly #tracer: Tracer | undefined
  readonly #master: Kysely<MasterSchema>
  /** By tenant id, least recently used first. */
  readonly #tenants = new Map<string, Promise<Kysely<TenantSchema>>>()
  readonly #migrating = new Map<string, Promise<void>>()
  readonly #turns = new Turns()

  constructor(options: DatabasesOptions) {
    const shared = { settings: options.connection, times: options.times ?? times }
    this.connection = options.connection
    this.masterDatabase = options.masterDatabase
    this.#keys = options.keys
    this.trail = new AuditTrail(options.keys, options.log)
    this.#masterPool = new ConnectionPool({
      ...shared,
      outage: 'AUTH_UNAVAILABLE',
      limits: options.masterLimits,
      onCrowded: () => this.#tenantPool.giveUpIdle(),
    })
    this.#tenantPool = new ConnectionPool({
      ...shared,
      outage: 'TENANT_UNAVAILABLE',
      limits: options.tenantLimits,
      onCrowded: () => this.#masterPool.giveUpIdle(),
    })
    this.#tracer = options.tracer
    this.#master = openKysely<MasterSchema>(this.#masterPool, options.masterDatabase, { tracer: this.#tracer })
  }

  /** Brings the master database's schema up to date. Throws `UpstreamError` when it is absent or does not answer. */
  async prepareMaster(): Promise<void> {
    if (await isMigrated(openKysely(this.#masterPool, this.masterDatabase), masterMigrations)) return
    const target = { settings: this.connection, database: this.masterDatabase, outage: 'AUTH_UNAVAILABLE' } as const
    await withDatabase<MigrationSchema, void>(target, (db) => migrate(db, masterMigrations))
  }

  master(): Kysely<MasterSchema> {
    return this.#master
  }

  /**
   * The tenant's database, as its own login, its schema brought up to date on first use. Its name is what the registry stored when it
   * was created, never made from the tenant's. Throws `UpstreamError` for a tenant that the registry does not have.
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

  /** How the connections to master and to the tenants are doing. */
  get pools(): { readonly master: PoolState; readonly tenant: PoolState } {
    return { master: this.#masterPool.state, tenant: this.#tenantPool.state }
  }

  async close(): Promise<void> {
    await Promise.all([this.#masterPool.close(), this.#tenantPool.close()])
  }

  async #openTenant(tenant: Tenant): Promise<Kysely<TenantSchema>> {
    const place = await this.#enterable(tenant)
    const { database, login } = place
    if (!(await isMigrated(openKysely<MigrationSchema>(this.#tenantPool, database, { login }), tenantMigrations))) {
      await this.#migrate(place)
    }
    // A database that is gone may come back under another name, and a role with another password: look them up again.
    const onFailure = (error: unknown): void => {
      if (outdated.has(sqlState(error) ?? '')) this.#tenants.delete(tenant.id)
    }
    return openKysely<TenantSchema>(this.#tenantPool, database, { login, onFailure, tracer: this.#tracer })
  }

  /** Once for all who wait for it, and no request waits as long as it may take. */
  #migrate(place: EnterableTenant): Promise<void> {
    const running =
      this.#migrating.get(place.id) ??
      this.#turns
        .take(`lane ${this.#migrating.size % migrationsAtOnce}`, () => migrateTenant(this.connection, place))
        .finally(() => this.#migrating.delete(place.id))
    this.#migrating.set(place.id, running)
    return inTime(running, migrationMilliseconds, () => {
      return new UpstreamError('TENANT_UNAVAILABLE', "the tenant's database is being brought up to date")
    })
  }

  /** A tenant of an older version gets its login now. */
  async #enterable({ id }: Tenant): Promise<EnterableTenant> {
    const record = await readTenantRecord(this.#master, this.#keys, id)
    const { connection, masterDatabase } = this
    return record.login === undefined
      ? giveLogin({ connection, masterDatabase, master: this.#master, keys: this.#keys }, record)
      : { ...record, login: record.login }
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
