import { sql } from 'kysely'
import type {
  Departure,
  FoundLink,
  LinkPurpose,
  LinkStore,
} from '../../../core/external-service/connect/connection-store.js'
import type { Tenant } from '../../../core/identity/tenant.js'
import type { Databases } from '../databases.js'
import { isUuid } from '../storable-text.js'

const term = sql<Date>`clock_timestamp() + interval '10 minutes'`
const notExpired = sql<boolean>`expires_at > clock_timestamp()`
/** Of one user for one service: a program that asks over and over does not fill the table. */
const mostLinks = 10

/** Links to where users sign in at services, in each tenant's own database. Its clock alone decides what has expired. */
export class PostgresLinkStore implements LinkStore {
  readonly #databases: Pick<Databases, 'tenant'>

  constructor(databases: Pick<Databases, 'tenant'>) {
    this.#databases = databases
  }

  async offer(tenant: Tenant, digest: string, { account, service }: LinkPurpose): Promise<boolean> {
    if (!isUuid(account) || !isUuid(service)) return false
    const db = await this.#databases.tenant(tenant)
    await sql`
      delete from service_sign_in where expires_at <= clock_timestamp() or link in (
        select link from service_sign_in
        where account_id = ${account} and service_id = ${service} and state is null
        order by created_at desc offset ${mostLinks - 1}
      )
    `.execute(db)
    const { numAffectedRows } = await sql`
      insert into service_sign_in (link, service_id, account_id, expires_at)
      select ${digest}, s.id, a.id, ${term} from service s, account a
      where s.id = ${service} and a.id = ${account} and a.disabled_at is null
    `.execute(db)
    return numAffectedRows === 1n
  }

  async find(tenant: Tenant, digest: string): Promise<FoundLink | undefined> {
    const db = await this.#databases.tenant(tenant)
    return db
      .selectFrom('service_sign_in')
      .innerJoin('service', 'service.id', 'service_id')
      .select(['service_id as service', 'account_id as account', 'name'])
      .where('link', '=', digest)
      .where('state', 'is', null)
      .where(notExpired)
      .executeTakeFirst()
  }

  async leave(tenant: Tenant, digest: string, { account, browser, state }: Departure): Promise<boolean> {
    const db = await this.#databases.tenant(tenant)
    const { numUpdatedRows } = await db
      .updateTable('service_sign_in')
      .set({ browser, state, expires_at: term })
      .where('link', '=', digest)
      .where('account_id', '=', account)
      .where('state', 'is', null)
      .where(notExpired)
      .executeTakeFirst()
    return numUpdatedRows === 1n
  }

  async comeBack(tenant: Tenant, { account, browser, state }: Departure): Promise<FoundLink | undefined> {
    const db = await this.#databases.tenant(tenant)
    return db
      .deleteFrom('service_sign_in')
      .using('service')
      .whereRef('service.id', '=', 'service_id')
      .where('state', '=', state)
      .where('browser', '=', browser)
      .where('account_id', '=', account)
      .where(notExpired)
      .returning(['service_id as service', 'account_id as account', 'name'])
      .executeTakeFirst()
  }
}
