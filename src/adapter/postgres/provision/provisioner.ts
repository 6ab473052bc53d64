import { randomBytes } from 'node:crypto'
import type { Kysely } from 'kysely'
import { tenantSlugPattern, type Tenant } from '../../../core/identity/tenant.js'
import type { Databases } from '../databases.js'
import { withDatabase } from '../pool/with-database.js'
import { isStorable } from '../storable-text.js'
import { lock } from './advisory-lock.js'
import { createDatabase, openDatabase } from './create-database.js'
import { maintenanceOf } from './maintenance.js'
import { holdTemplate, tenantTemplate } from './tenant-template.js'

export interface NewTenant {
  /** `^[a-z0-9][a-z0-9-]{0,40}$` */
  readonly slug: string
  readonly name: string
}

/** Creates tenants with their databases. */
export class Provisioner {
  readonly #databases: Databases

  constructor(databases: Databases) {
    this.#databases = databases
  }

  /**
   * The tenant of that slug, created with a database of its own unless it exists, also when several processes ask at once.
   * Throws `TypeError` for a slug or name that cannot be, `UpstreamError` when the cluster does not answer.
   */
  async createTenant(tenant: NewTenant): Promise<Tenant> {
    assertTenant(tenant)
    const existing = await this.#find(tenant.slug)
    if (existing !== undefined) return existing
    const { connection, masterDatabase } = this.#databases
    return withDatabase<unknown, Tenant>(maintenanceOf(connection), async (db) => {
      await lock(db, `tenant ${masterDatabase} ${tenant.slug}`)
      const created = await this.#find(tenant.slug)
      if (created !== undefined) return created
      await holdTemplate(db, connection)
      const database = await createTenantDatabase(db, tenant.slug)
      return this.#register(tenant, database)
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

  async #register({ slug, name }: NewTenant, database: string): Promise<Tenant> {
    return this.#databases
      .master()
      .insertInto('tenant')
      .values({ slug, name, database_name: database })
      .returning(['id', 'slug', 'name'])
      .executeTakeFirstOrThrow()
  }
}

/** The name that the database got. One that exists is never adopted: it may be another installation's, or not ours at all. */
async function createTenantDatabase(db: Kysely<unknown>, slug: string): Promise<string> {
  const plain = `tenant_${slug.replaceAll('-', '_')}`
  let name = plain
  while (!(await createDatabase(db, { name, template: tenantTemplate }))) {
    name = `${plain}_${randomBytes(4).toString('hex')}`
  }
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
