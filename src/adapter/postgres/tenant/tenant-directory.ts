import { sql, type Kysely } from 'kysely'
import type { Change } from '../../../core/administration/change.js'
import type { RegisteredTenant, TenantClaim } from '../../../core/administration/registered-tenant.js'
import type { Administrator } from '../../../core/administration/tenant-administration.js'
import type { Keyring } from '../../../core/credential/keyring.js'
import { tenantDigest } from '../../../core/identity/session-owner.js'
import type { ChangeFeed } from '../../../core/runtime/change-feed.js'
import type { Databases } from '../databases.js'
import { withDatabase } from '../pool/with-database.js'
import { dropDatabase } from '../provision/create-database.js'
import { lockTenant } from '../provision/lock-tenant.js'
import { maintenanceOf } from '../provision/maintenance.js'
import type { Provisioner } from '../provision/provisioner.js'
import { dropTenantLogins, joinTenantLogins } from '../provision/tenant-login.js'
import type { MasterSchema } from '../schema/master-schema.js'
import { isStorable } from '../storable-text.js'
import { recordChanges } from '../audit/record-changes.js'
import { recordRestored } from '../audit/keep/record-restored.js'
import { exportTenant } from './export-tenant.js'
import { listTenants } from './list-tenants.js'
import { restoreTenant, type Restored } from './restore-tenant.js'

export interface TenantWish {
  readonly slug: string
  /** Unless told, that of the export, or the slug. */
  readonly name?: string | undefined
}

interface TenantChange {
  readonly tenant: RegisteredTenant
  readonly by: Administrator
  readonly change: Pick<Change, 'action'> & Partial<Change>
}

const longestClaim = 255

export interface TenantDirectoryParts {
  readonly databases: Databases
  readonly provisioner: Provisioner
  readonly changes: Pick<ChangeFeed, 'publish'>
  readonly keys: Keyring
}

/** The tenants of the registry, for administrators. What it changes is on record in master, by the same transaction. */
export class TenantDirectory {
  readonly #databases: Databases
  readonly #provisioner: Provisioner
  readonly #changes: Pick<ChangeFeed, 'publish'>
  readonly #keys: Keyring

  constructor({ changes, databases, keys, provisioner }: TenantDirectoryParts) {
    this.#keys = keys
    this.#databases = databases
    this.#provisioner = provisioner
    this.#changes = changes
  }

  /** Every tenant by slug, whatever its state. */
  list(): Promise<readonly RegisteredTenant[]> {
    return listTenants(this.#databases.master())
  }

  async find(slug: string): Promise<RegisteredTenant | undefined> {
    if (!isStorable(slug)) return undefined
    const [tenant] = await listTenants(this.#databases.master(), slug)
    return tenant
  }

  /**
   * A new tenant, empty or with what an export has; nothing is left of one that could not be filled. Throws `TypeError` for a slug or
   * name that cannot be or is taken, and for an export that does not fit.
   */
  async create(wish: TenantWish, by: Administrator, lines?: AsyncIterable<string>): Promise<RegisteredTenant> {
    const { slug } = wish
    if ((await this.find(slug)) !== undefined) throw new TypeError(`there is a tenant ${slug} already`)
    let restored: Restored | undefined
    await this.#provisioner.createTenant({ slug, name: wish.name ?? slug }, async (step, tenant) => {
      if (lines === undefined) return
      restored = await restoreTenant(step, lines)
      await recordRestored(step, { trail: this.#databases.trail, tenant, by })
    })
    const created = await this.find(slug)
    if (created === undefined) throw new TypeError(`the tenant ${slug} was removed at once`)
    const name = wish.name ?? nameIn(restored) ?? slug
    await this.#change(
      { tenant: created, by, change: { action: 'added', after: createdAs(name, restored) } },
      async (step) => {
        await step.updateTable('tenant').set({ name }).where('id', '=', created.id).execute()
        return true
      },
    )
    return { ...created, name }
  }

  /** Writes all that the tenant's database holds, line by line; answers with the number of rows. */
  async export(tenant: RegisteredTenant, write: (line: string) => Promise<void>): Promise<number> {
    // What waits beside the trail is sealed for this database, and would be a stranger's in another.
    const db = await this.#databases.tenant(tenant)
    await db.transaction().execute((step) => this.#databases.trail.adopt(step, tenant))
    return exportTenant(this.#databases.connection, tenant, write)
  }

  /** `false` once a deletion that was cut off has dropped it. */
  async hasDatabase(tenant: RegisteredTenant): Promise<boolean> {
    const { rows } = await sql`select 1 from pg_database where datname = ${tenant.database}`.execute(
      this.#databases.master(),
    )
    return rows.length > 0
  }

  /** Nobody enters it any more, from the next request on; everything stays as it is. `false` where that was so already. */
  suspend(tenant: RegisteredTenant, by: Administrator): Promise<boolean> {
    return this.#change({ tenant, by, change: becomes('active', 'suspended') }, async (step) => {
      const result = await step
        .updateTable('tenant')
        .set({ suspended_at: sql<Date>`clock_timestamp()` })
        .where('id', '=', tenant.id)
        .where('suspended_at', 'is', null)
        .executeTakeFirst()
      return result.numUpdatedRows === 1n
    })
  }

  /** The opposite; never of one that is being deleted. `false` where it was not suspended. */
  resume(tenant: RegisteredTenant, by: Administrator): Promise<boolean> {
    return this.#change({ tenant, by, change: becomes('suspended', 'active') }, async (step) => {
      const result = await step
        .updateTable('tenant')
        .set({ suspended_at: null })
        .where('id', '=', tenant.id)
        .where('suspended_at', 'is not', null)
        .where('deleting_at', 'is', null)
        .executeTakeFirst()
      return result.numUpdatedRows === 1n
    })
  }

  /**
   * From now on tokens of the issuer with this value of its claim are the tenant's. `false` where they were already. Throws
   * `TypeError` for a claim that cannot be, or that means another tenant.
   */
  async addClaim(tenant: RegisteredTenant, claim: TenantClaim, by: Administrator): Promise<boolean> {
    assertClaim(claim)
    const change = { action: 'added', noun: 'tenant claim', after: [textOf(claim)] } as const
    return this.#change({ tenant, by, change }, async (step) => {
      const values = { issuer: claim.issuer, claim_value: claim.value, tenant_id: tenant.id }
      const inserted = await step
        .insertInto('tenant_issuer')
        .values(values)
        .onConflict((conflict) => conflict.doNothing())
        .executeTakeFirst()
      if (inserted.numInsertedOrUpdatedRows === 1n) return true
      const owner = await step
        .selectFrom('tenant_issuer')
        .innerJoin('tenant', 'tenant.id', 'tenant_issuer.tenant_id')
        .select(['tenant.id', 'tenant.slug'])
        .where('issuer', '=', claim.issuer)
        .where('claim_value', '=', claim.value)
        .executeTakeFirst()
      if (owner?.id === tenant.id) return false
      throw new TypeError(`that claim means the tenant ${owner?.slug ?? 'of somebody else'}`)
    })
  }

  /** The opposite. `false` where it did not mean this tenant. */
  removeClaim(tenant: RegisteredTenant, claim: TenantClaim, by: Administrator): Promise<boolean> {
    const change = { action: 'removed', noun: 'tenant claim', before: [textOf(claim)] } as const
    return this.#change({ tenant, by, change }, async (step) => {
      const result = await step
        .deleteFrom('tenant_issuer')
        .where('issuer', '=', claim.issuer)
        .where('claim_value', '=', claim.value)
        .where('tenant_id', '=', tenant.id)
        .executeTakeFirst()
      return result.numDeletedRows === 1n
    })
  }

  /**
   * Removes the tenant for good: its database, its login, its applications, and what stands for it in tokens. One that was cut off is
   * suspended, and completed when it is asked for again.
   */
  async delete(tenant: RegisteredTenant, by: Administrator): Promise<void> {
    await this.#change({ tenant, by, change: becomes(tenant.state, 'deleting') }, async (step) => {
      const now = sql<Date>`clock_timestamp()`
      const result = await step
        .updateTable('tenant')
        .set({ deleting_at: now, suspended_at: sql<Date>`coalesce(suspended_at, ${now})` })
        .where('id', '=', tenant.id)
        .where('deleting_at', 'is', null)
        .executeTakeFirst()
      return result.numUpdatedRows === 1n
    })
    const { connection, masterDatabase } = this.#databases
    await withDatabase<unknown, void>(maintenanceOf(connection), async (db) => {
      await lockTenant(db, masterDatabase, tenant.slug)
      await joinTenantLogins(db, { tenantId: tenant.id })
      await dropDatabase(db, tenant.database)
      await dropTenantLogins(db, { tenantId: tenant.id })
      await this.#change(
        { tenant, by, change: { action: 'removed', before: [`name:${tenant.name}`, `database:${tenant.database}`] } },
        async (step) => {
          await this.#endEverything(step, tenant)
          const result = await step.deleteFrom('tenant').where('id', '=', tenant.id).executeTakeFirst()
          return result.numDeletedRows === 1n
        },
      )
    })
  }

  /** A tenant that is made again from its export has the same accounts: nothing that was theirs before may count for them. */
  async #endEverything(step: Kysely<MasterSchema>, { id }: RegisteredTenant): Promise<void> {
    await step.deleteFrom('issuer_record').where('owner_tenant', '=', tenantDigest(this.#keys, id)).execute()
    await step
      .deleteFrom('transport_session')
      .where((session) => session.or([session('owner_tenant', '=', id), session('sign_in_tenant', '=', id)]))
      .execute()
  }

  async #change(
    { by, change, tenant }: TenantChange,
    apply: (step: Kysely<MasterSchema>) => Promise<boolean>,
  ): Promise<boolean> {
    const master = this.#databases.master()
    const changed = await master.transaction().execute(async (step) => {
      if (!(await apply(step))) return false
      const whole = { noun: 'tenant', name: tenant.slug, before: [], after: [], ...change }
      await recordChanges(step, { tenant: undefined, changes: [whole], by, trail: this.#databases.trail })
      return true
    })
    if (changed) await this.#changes.publish(tenant)
    return changed
  }
}

function nameIn(restored: Restored | undefined): string | undefined {
  return restored?.name
}

function createdAs(name: string, restored: Restored | undefined): readonly string[] {
  return [`name:${name}`, ...(restored === undefined ? [] : ['from an export'])]
}

function becomes(before: string, after: string): TenantChange['change'] {
  return { action: 'changed', before: [before], after: [after] }
}

function textOf({ issuer, value }: TenantClaim): string {
  return `${issuer} ${value}`
}

function assertClaim({ issuer, value }: TenantClaim): void {
  const url = URL.parse(issuer)
  const secure = url?.protocol === 'https:' || (url?.protocol === 'http:' && isLoopback(url.hostname))
  if (!secure || url.search !== '' || url.hash !== '' || issuer.length > longestClaim || !isStorable(issuer)) {
    throw new TypeError('an issuer is an https URL without query and fragment (RFC 8414 §2)')
  }
  if (value === '' || value.length > longestClaim || !isStorable(value) || /\p{Cc}/u.test(value)) {
    throw new TypeError(`the value of a claim has 1 to ${longestClaim} characters of text`)
  }
}

function isLoopback(hostname: string): boolean {
  return ['localhost', '127.0.0.1', '[::1]'].includes(hostname)
}
