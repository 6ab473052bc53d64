import { randomUUID } from 'node:crypto'
import { sql, type Kysely, type UpdateObject } from 'kysely'
import type { Administrator } from '../../../core/administration/tenant-administration.js'
import type {
  ConnectionAdministration,
  NewConnection,
  RenewalClaim,
} from '../../../core/external-service/connect/connection-store.js'
import type { ServiceConnection } from '../../../core/external-service/service-store.js'
import type { Tenant } from '../../../core/identity/tenant.js'
import type { Databases } from '../databases.js'
import type { TenantSchema } from '../schema/tenant-schema.js'
import { isUuid } from '../storable-text.js'
import { recordChanges } from '../audit/record-changes.js'
import { connectionColumns, parseConnection } from './parse-connection.js'

type Db = Kysely<TenantSchema>

/** Longer than any service and any store is waited for. */
const lease = sql<Date>`clock_timestamp() + interval '90 seconds'`
const unclaimed = sql<boolean>`coalesce(claimed_until <= clock_timestamp(), true)`
const now = sql<Date>`clock_timestamp()`
const free = { claimed_by: null, claimed_until: null }

/** Sign-ins of users at services, in each tenant's own database. Of those who renew at once, the row lets one through. */
export class PostgresConnectionStore implements ConnectionAdministration {
  readonly #databases: Pick<Databases, 'tenant' | 'trail'>

  constructor(databases: Pick<Databases, 'tenant' | 'trail'>) {
    this.#databases = databases
  }

  async findConnection(tenant: Tenant, id: string): Promise<ServiceConnection | undefined> {
    if (!isUuid(id)) return undefined
    const db = await this.#databases.tenant(tenant)
    const row = await db
      .selectFrom('service_connection')
      .select(connectionColumns)
      .where('id', '=', id)
      .executeTakeFirst()
    return row && parseConnection(row)
  }

  async connect(
    tenant: Tenant,
    connection: NewConnection,
  ): Promise<{ readonly before: ServiceConnection | undefined } | 'refused'> {
    const { account, id, seconds, service, version } = connection
    if (![account, id, service.id, service.revision].every(isUuid)) return 'refused'
    const db = await this.#databases.tenant(tenant)
    return db.transaction().execute(async (step) => {
      if (!(await stands(step, connection))) return 'refused'
      const before = await step
        .deleteFrom('service_connection')
        .where('service_id', '=', service.id)
        .where('issuer', 'is', null)
        .where('subject', '=', account)
        .returning(connectionColumns)
        .executeTakeFirst()
      const values = { id, service_id: service.id, issuer: null, subject: account, credential_version: version }
      await step
        .insertInto('service_connection')
        .values({ ...values, expires_at: expiryIn(seconds), ...free })
        .execute()
      return { before: before && parseConnection(before) }
    })
  }

  async claim(tenant: Tenant, connection: ServiceConnection): Promise<RenewalClaim | undefined> {
    const id = randomUUID()
    const isClaimed = await this.#update(tenant, connection, { claimed_by: id, claimed_until: lease }, unclaimed)
    return isClaimed ? { id, tenant, connection } : undefined
  }

  async release(claim: RenewalClaim): Promise<void> {
    await this.#update(claim.tenant, claim.connection, free, isOf(claim))
  }

  renewed(claim: RenewalClaim, { seconds, version }: Pick<NewConnection, 'seconds' | 'version'>): Promise<boolean> {
    const next = { credential_version: version, expires_at: expiryIn(seconds), changed_at: now, ...free }
    return this.#update(claim.tenant, claim.connection, next, isOf(claim))
  }

  async expire(tenant: Tenant, connection: ServiceConnection): Promise<void> {
    const isOld = sql<boolean>`changed_at < clock_timestamp() - interval '60 seconds'`
    await this.#update(tenant, connection, { expires_at: now }, isOld)
  }

  async end(tenant: Tenant, { credentialVersion, id }: ServiceConnection, claim?: RenewalClaim): Promise<boolean> {
    const db = await this.#databases.tenant(tenant)
    const { numDeletedRows } = await db
      .deleteFrom('service_connection')
      .where('id', '=', id)
      .where('credential_version', '=', credentialVersion)
      .where(claim === undefined ? unclaimed : isOf(claim))
      .executeTakeFirst()
    return numDeletedRows === 1n
  }

  async disconnect(
    tenant: Tenant,
    { account, service }: Parameters<ConnectionAdministration['disconnect']>[1],
    by: Administrator,
  ): Promise<ServiceConnection | undefined> {
    const db = await this.#databases.tenant(tenant)
    return db.transaction().execute(async (step) => {
      const row = await step
        .deleteFrom('service_connection')
        .where('service_id', '=', service.id)
        .where('issuer', 'is', null)
        .where('subject', '=', account.id)
        .returning(connectionColumns)
        .executeTakeFirst()
      if (row === undefined) return undefined
      const change = { action: 'changed', noun: 'service', name: service.name } as const
      const changes = [{ ...change, before: [`user:${account.email}`], after: [] }]
      await recordChanges(step, { tenant, changes, by, trail: this.#databases.trail })
      return parseConnection(row)
    })
  }

  async #update(
    tenant: Tenant,
    { credentialVersion, id }: ServiceConnection,
    change: UpdateObject<TenantSchema, 'service_connection'>,
    where = sql<boolean>`true`,
  ): Promise<boolean> {
    const db = await this.#databases.tenant(tenant)
    const { numUpdatedRows } = await db
      .updateTable('service_connection')
      .set(change)
      .where('id', '=', id)
      .where('credential_version', '=', credentialVersion)
      .where(where)
      .executeTakeFirst()
    return numUpdatedRows === 1n
  }
}

/** Whoever comes too late changes nothing. */
function isOf({ id }: RenewalClaim) {
  return sql<boolean>`claimed_by = ${id}::uuid`
}

/** Whoever removes or disables one of them waits, or comes first. Two sign-ins of one user take turns. */
async function stands(step: Db, { account, service }: NewConnection): Promise<boolean> {
  const user = await step
    .selectFrom('account')
    .select('id')
    .where('id', '=', account)
    .where('disabled_at', 'is', null)
    .forUpdate()
    .executeTakeFirst()
  const there = await step
    .selectFrom('service')
    .select('id')
    .where('id', '=', service.id)
    .where('revision', '=', service.revision)
    .forShare()
    .executeTakeFirst()
  return user !== undefined && there !== undefined
}

function expiryIn(seconds: number | undefined) {
  return seconds === undefined ? null : sql<Date>`clock_timestamp() + make_interval(secs => ${seconds}::float8)`
}
