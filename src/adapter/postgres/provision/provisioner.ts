import { randomBytes, randomUUID } from 'node:crypto'
import type { Kysely } from 'kysely'
import { CheckpointSigner } from '../../../core/audit/audit-checkpoint.js'
import type { Keyring } from '../../../core/credential/keyring.js'
import { tenantSlugPattern, type Tenant } from '../../../core/identity/tenant.js'
import { makeCheckpoint } from '../audit/keep/make-checkpoint.js'
import type { Databases } from '../databases.js'
import { withDatabase } from '../pool/with-database.js'
import type { AuditTables } from '../schema/audit/audit-schema.js'
import type { TenantSchema } from '../schema/tenant-schema.js'
import { isStorable } from '../storable-text.js'
import { lock } from './advisory-lock.js'
import { createDatabase, dropDatabase, openDatabase } from './create-database.js'
import { lockTenant } from './lock-tenant.js'
import { maintenanceOf } from './maintenance.js'
import { migrateTenant } from './migrate-tenant.js'
import { noteIntended, sweepOrphans, type Intended } from './sweep-orphans.js'
import { createTenantLogin, dropTenantLogins, type TenantLogin, type TenantPlace } from './tenant-login.js'
import { sealLogin } from './tenant-record.js'
import { holdTemplate, tenantTemplate } from './tenant-template.js'

export interface NewTenant {
  /** `^[a-z0-9][a-z0-9-]{0,40}$` */
  readonly slug: string
  readonly name: string
}

/** Runs in one transaction, as the owner of the database of the tenant that is to be. */
export type FillDatabase = (step: Kysely<TenantSchema>, tenant: Tenant) => Promise<void>

/** Creates tenants with their databases. */
export class Provisioner {
  readonly #databases: Databases
  readonly #keys: Keyring

  constructor(databases: Databases, keys: Keyring) {
    this.#databases = databases
    this.#keys = keys
  }

  /**
   * The tenant of that slug, created with a database of its own unless it exists, also when several processes ask at once.
   * `fill` puts into a new database what is to be there from the beginning. Throws `TypeError` for a slug or name that cannot be, `UpstreamError` when the cluster does not answer.
   */
  async createTenant(tenant: NewTenant, fill: FillDatabase = () => Promise.resolve()): Promise<Tenant> {
    assertTenant(tenant)
    const existing = await this.#find(tenant.slug)
    if (existing !== undefined) return existing
    const { connection, masterDatabase } = this.#databases
    return withDatabase<unknown, Tenant>(maintenanceOf(connection), async (db) => {
      await lockTenant(db, masterDatabase, tenant.slug)
      const created = await this.#find(tenant.slug)
      if (created !== undefined) return created
      await holdTemplate(db, connection)
      await sweepOrphans(db, this.#databases.master(), masterDatabase)
      const tenantId = randomUUID()
      const intended = { tenantId, slug: tenant.slug, masterDatabase }
      const place = { tenantId, database: await createTenantDatabase(db, intended) }
      try {
        await this.#fill(place, (step) => fill(step, { ...tenant, id: tenantId }))
        return await this.#finish(db, tenant, place)
      } catch (error) {
        await dropDatabase(db, place.database).catch(() => undefined)
        await dropTenantLogins(db, place).catch(() => undefined)
        throw error
      }
    })
  }

  /** Runs `action` while no other process on the same master database runs one of the same purpose. */
  async exclusively<Result>(purpose: string, action: () => Promise<Result>): Promise<Result> {
    const { connection, masterDatabase } = this.#databases
    const target = { settings: connection, database: masterDatabase, outage: 'AUTH_UNAVAILABLE' } as const
    return withDatabase<unknown, Result>(target, async (db) => {
      await lock(db, `purpose ${purpose}`)
      return action()
    })
  }

  async #find(slug: string): Promise<Tenant | undefined> {
    const master = this.#databases.master()
    return master.selectFrom('tenant').select(['id', 'slug', 'name']).where('slug', '=', slug).executeTakeFirst()
  }

  async #fill({ database }: TenantPlace, fill: (step: Kysely<TenantSchema>) => Promise<void>): Promise<void> {
    const target = { settings: this.#databases.connection, database, outage: 'TENANT_UNAVAILABLE' } as const
    await withDatabase<TenantSchema, void>(target, (own) => own.transaction().execute(fill))
  }

  async #finish(db: Kysely<unknown>, tenant: NewTenant, place: TenantPlace): Promise<Tenant> {
    const login = await createTenantLogin(db, place)
    await migrateTenant(this.#databases.connection, { database: place.database, login })
    await this.#signBeginning(tenant, place)
    return this.#register(tenant, place, login)
  }

  /** From then on nobody adds rows that are said to be from before there were chains. */
  async #signBeginning({ slug }: NewTenant, { database, tenantId }: TenantPlace): Promise<void> {
    const { connection, trail } = this.#databases
    const { seal } = trail
    const maker = {
      seal,
      signer: new CheckpointSigner(seal.signingSeed()),
      place: tenantId,
      tenant: slug,
      isFirst: true,
    }
    const target = { settings: connection, database, outage: 'TENANT_UNAVAILABLE' } as const
    await withDatabase<AuditTables, unknown>(target, (own) => makeCheckpoint(own, maker, 'always'))
  }

  async #register({ slug, name }: NewTenant, place: TenantPlace, login: TenantLogin): Promise<Tenant> {
    return this.#databases
      .master()
      .insertInto('tenant')
      .values({ id: place.tenantId, slug, name, database_name: place.database, ...sealLogin(this.#keys, login) })
      .returning(['id', 'slug', 'name'])
      .executeTakeFirstOrThrow()
  }
}

/** The name that the database got. One that exists is never adopted: it may be another installation's, or not ours at all. */
async function createTenantDatabase(db: Kysely<unknown>, intended: Intended): Promise<string> {
  const plain = `tenant_${intended.slug.replaceAll('-', '_')}`
  let name = plain
  while (!(await createDatabase(db, { name, template: tenantTemplate }))) {
    name = `${plain}_${randomBytes(4).toString('hex')}`
  }
  await noteIntended(db, name, intended)
  await openDatabase(db, name)
  return name
}

function assertTenant({ slug, name }: NewTenant): void {
  if (!tenantSlugPattern.test(slug)) {
    throw new TypeError('a tenant slug has 1 to 41 characters a-z, 0-9 and -, and does not start with -')
  }
  if (name.trim() === '' || name.length > 200 || !isStorable(name)) {
    throw new TypeError('a tenant name has 1 to 200 characters of text')
  }
}
