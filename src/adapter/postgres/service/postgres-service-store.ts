import { sql, type Kysely } from 'kysely'
import { planService } from '../../../core/administration/plan-service.js'
import type {
  Activation,
  ConnectionPlace,
  FoundService,
  ServiceAdministration,
  ServiceWish,
} from '../../../core/administration/service-administration.js'
import type { Administrator, Outcome } from '../../../core/administration/tenant-administration.js'
import { UpstreamError } from '../../../core/error/upstream-error.js'
import type { ExternalService } from '../../../core/external-service/external-service.js'
import { serviceOptionsOf } from '../../../core/external-service/read-service-options.js'
import type { ServiceSettings } from '../../../core/external-service/service-options.js'
import type { ServiceConnection, ServiceUser } from '../../../core/external-service/service-store.js'
import type { Tenant } from '../../../core/identity/tenant.js'
import type { ChangeFeed } from '../../../core/runtime/change-feed.js'
import { serviceNameFault } from '../assert-name.js'
import type { Databases } from '../databases.js'
import type { TenantSchema } from '../schema/tenant-schema.js'
import { isStorable, isUuid } from '../storable-text.js'
import { recordChanges } from '../audit/record-changes.js'
import { connectionColumns, parseConnection } from './parse-connection.js'
import { parseService } from './parse-service.js'
import { selectServices } from './select-services.js'

const lockKey = 7_164_392_090

export interface ServiceStoreParts {
  readonly databases: Databases
  readonly changes: Pick<ChangeFeed, 'publish'>
  /** The issuer of this installation: its users are known without it. */
  readonly ownIssuer: string
}

type Db = Kysely<TenantSchema>

/** External services in each tenant's own database. */
export class PostgresServiceStore implements ServiceAdministration {
  readonly #parts: ServiceStoreParts

  constructor(parts: ServiceStoreParts) {
    this.#parts = parts
  }

  async find(tenant: Tenant, name: string): Promise<ExternalService | undefined> {
    if (!isStorable(name)) return undefined
    const row = await selectServices(await this.#parts.databases.tenant(tenant))
      .where('name', '=', name)
      .executeTakeFirst()
    const found = row && parseService({ ...row, users: 0 })
    if (found === undefined) return undefined
    const { credentialVersion, id, revision, settings } = found
    if (!('fault' in settings)) return { ...settings, credentialVersion, id, name, revision }
    throw new UpstreamError('TENANT_UNAVAILABLE', `the service ${name} is stored in a form that cannot be used`)
  }

  async connection(tenant: Tenant, service: string, user: ServiceUser): Promise<ServiceConnection | undefined> {
    const { databases, ownIssuer } = this.#parts
    if (!isUuid(service) || !isStorable(user.issuer) || !isStorable(user.subject)) return undefined
    const db = await databases.tenant(tenant)
    const row = await db
      .selectFrom('service_connection')
      .select(connectionColumns)
      .where('service_id', '=', service)
      .where('issuer', 'is not distinct from', user.issuer === ownIssuer ? null : user.issuer)
      .where('subject', '=', user.subject)
      .executeTakeFirst()
    return row && parseConnection(row)
  }

  async list(tenant: Tenant): Promise<readonly FoundService[]> {
    return list(await this.#parts.databases.tenant(tenant))
  }

  async connections(tenant: Tenant): Promise<readonly ConnectionPlace[]> {
    const db = await this.#parts.databases.tenant(tenant)
    return db
      .selectFrom('service_connection')
      .select(['service_id as service', 'id as account'])
      .orderBy('id')
      .execute()
  }

  async apply(tenant: Tenant, wish: ServiceWish, by: Administrator): Promise<Outcome> {
    const db = await this.#parts.databases.tenant(tenant)
    const outcome = await db.transaction().execute(async (step): Promise<Outcome> => {
      // Administrators take turns.
      await sql`select pg_advisory_xact_lock(${lockKey})`.execute(step)
      const others = await list(step)
      const plan = planService({ others, nameFault: serviceNameFault }, wish)
      if ('fault' in plan) return { changes: [], faults: [{ wish: 0, fault: plan.fault }] }
      const { change, credentials } = plan
      if (credentials === 'given up') await step.deleteFrom('service').where('name', '=', wish.name).execute()
      if (wish.presence !== 'absent' && change.action !== 'kept') await put(step, wish.name, wish.settings)
      await recordChanges(step, { tenant, changes: [change], by, trail: this.#parts.databases.trail })
      return { changes: [change], faults: [] }
    })
    if (outcome.changes.some(({ action }) => action !== 'kept')) await this.#parts.changes.publish(tenant)
    return outcome
  }

  async activate(tenant: Tenant, { service, version }: Activation, by: Administrator): Promise<boolean> {
    const db = await this.#parts.databases.tenant(tenant)
    const isActive = await db.transaction().execute(async (step) => {
      const { numUpdatedRows } = await step
        .updateTable('service')
        .set({ credential_version: version, credential_at: sql<Date>`clock_timestamp()` })
        .where('id', '=', service.id)
        .where('revision', '=', service.revision)
        .executeTakeFirst()
      if (numUpdatedRows !== 1n) return false
      const before = service.credentialVersion === 0 ? [] : [`credentialVersion:${service.credentialVersion}`]
      const after = [`credentialVersion:${version}`]
      const change = { action: 'changed', noun: 'service', name: service.name, before, after } as const
      await recordChanges(step, { tenant, changes: [change], by, trail: this.#parts.databases.trail })
      return true
    })
    if (isActive) await this.#parts.changes.publish(tenant)
    return isActive
  }
}

/**
 * One that is there keeps its id: its credential and its users are known by that. One that has given them up has been removed, and gets
 * another: what was given for another place is not used for this one, and what is written for this one is not destroyed with that.
 */
async function put(step: Db, name: string, settings: ServiceSettings): Promise<void> {
  const options = serviceOptionsOf(settings)
  const { auth, description = null, network = 'public', requirement, rotation, source, tags, url } = options
  const values = {
    ...{ url, description, tags: sql<readonly string[]>`${[...(tags ?? [])]}::text[]`, reach: network },
    ...{ auth: JSON.stringify(auth), source: JSON.stringify(source), requirement: JSON.stringify(requirement) },
    rotation: rotation === undefined ? null : JSON.stringify(rotation),
  }
  await step
    .insertInto('service')
    .values({ name, ...values })
    .onConflict((conflict) => conflict.column('name').doUpdateSet(values))
    .execute()
}

async function list(db: Db): Promise<readonly FoundService[]> {
  const users = sql<number>`(select count(*)::integer from service_connection where service_id = service.id)`
  const rows = await selectServices(db)
    .select(users.as('users'))
    .orderBy(sql`name collate "C"`)
    .execute()
  return rows.map(parseService)
}
