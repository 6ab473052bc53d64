import { sql, type Kysely } from 'kysely'
import type {
  ApplicationAdministration,
  ApplicationWish,
  RegisteredApplication,
} from '../../../core/administration/application-administration.js'
import { planApplication } from '../../../core/administration/plan-application.js'
import type { Administrator, Outcome } from '../../../core/administration/tenant-administration.js'
import type { MasterSchema } from '../schema/master-schema.js'
import { isStorable } from '../storable-text.js'
import type { AuditTrail } from '../audit/audit-trail.js'
import { recordChanges } from '../audit/record-changes.js'
import { toAdmitted } from './postgres-application-store.js'

const lockKey = 7_164_392_087

/** The registered applications of the master database, for an administrator. */
export class PostgresApplicationAdministration implements ApplicationAdministration {
  readonly #master: Kysely<MasterSchema>
  readonly #trail: AuditTrail

  constructor(master: Kysely<MasterSchema>, trail: AuditTrail) {
    this.#master = master
    this.#trail = trail
  }

  async list(): Promise<readonly RegisteredApplication[]> {
    const rows = await select(this.#master)
      .orderBy(sql`application.client_id collate "C"`)
      .execute()
    return rows.map(toRegistered)
  }

  async apply(wish: ApplicationWish, by: Administrator): Promise<Outcome> {
    return this.#master.transaction().execute(async (step) => {
      // Administrators take turns.
      await sql`select pg_advisory_xact_lock(${lockKey})`.execute(step)
      const tenants = await step.selectFrom('tenant').select(['id', 'slug']).execute()
      const known = await find(step, wish.clientId)
      const planned = planApplication({ known, tenants: new Set(tenants.map(({ slug }) => slug)) }, wish)
      if ('faults' in planned) return { changes: [], faults: planned.faults.map((fault) => ({ wish: 0, fault })) }
      await write(step, wish, tenants.find(({ slug }) => slug === wish.tenant)?.id)
      await recordChanges(step, { tenant: undefined, changes: [planned.change], by, trail: this.#trail })
      return { changes: [planned.change], faults: [] }
    })
  }
}

async function write(db: Kysely<MasterSchema>, wish: ApplicationWish, owner: string | undefined): Promise<void> {
  const { admits, clientId, name, presence } = wish
  if (presence === 'absent') {
    await db.deleteFrom('application').where('client_id', '=', clientId).execute()
  } else if (presence === 'new' && owner !== undefined) {
    const values = { client_id: clientId, name: name ?? clientId, tenant_id: owner }
    await db
      .insertInto('application')
      .values({ ...values, admits: JSON.stringify(admits ?? 'own') })
      .execute()
  } else if (name !== undefined || admits !== undefined) {
    const values = {
      ...(name === undefined ? {} : { name }),
      ...(admits === undefined ? {} : { admits: JSON.stringify(admits) }),
    }
    await db.updateTable('application').set(values).where('client_id', '=', clientId).execute()
  }
}

async function find(db: Kysely<MasterSchema>, clientId: string): Promise<RegisteredApplication | undefined> {
  if (!isStorable(clientId)) return undefined
  const row = await select(db).where('application.client_id', '=', clientId).executeTakeFirst()
  return row && toRegistered(row)
}

function select(db: Kysely<MasterSchema>) {
  return db
    .selectFrom('application')
    .innerJoin('tenant', 'tenant.id', 'application.tenant_id')
    .select(['application.client_id', 'application.name', 'application.admits'])
    .select(['tenant.id', 'tenant.slug', 'tenant.name as tenant_name', 'tenant.suspended_at'])
}

type Row = Awaited<ReturnType<ReturnType<typeof select>['executeTakeFirstOrThrow']>>

function toRegistered({ admits, client_id: clientId, id, name, slug, suspended_at, tenant_name }: Row) {
  const tenant = { id, slug, name: tenant_name }
  const status = suspended_at === null ? ('active' as const) : ('suspended' as const)
  return { clientId, name, tenant, admits: toAdmitted(admits), status }
}
