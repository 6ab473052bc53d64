import { sql, type Kysely } from 'kysely'
import { ConfigurationError } from '../../../core/error/configuration-error.js'
import type { AdmittedTenants, Application, ApplicationStore } from '../../../core/identity/application.js'
import type { MasterSchema } from '../schema/master-schema.js'
import { isStorable } from '../storable-text.js'

/** The registered applications. One whose tenant is suspended is not found. */
export class PostgresApplicationStore implements ApplicationStore {
  readonly #master: Kysely<MasterSchema>

  constructor(master: Kysely<MasterSchema>) {
    this.#master = master
  }

  async find(clientId: string): Promise<Application | undefined> {
    if (!isStorable(clientId)) return undefined
    const row = await this.#master
      .selectFrom('application')
      .innerJoin('tenant', 'tenant.id', 'application.tenant_id')
      .select(['application.client_id', 'application.name', 'application.admits'])
      .select(['tenant.id', 'tenant.slug', 'tenant.name as tenant_name'])
      .where('application.client_id', '=', clientId)
      .where('tenant.suspended_at', 'is', null)
      .executeTakeFirst()
    if (row === undefined) return undefined
    const tenant = { id: row.id, slug: row.slug, name: row.tenant_name }
    return { clientId: row.client_id, name: row.name, tenant, admits: toAdmitted(row.admits) }
  }

  /** Throws `ConfigurationError` when the client id belongs to another tenant. */
  async register({ clientId, name, tenant, admits }: Application): Promise<void> {
    const values = { client_id: clientId, name, tenant_id: tenant.id, admits: JSON.stringify(admits) }
    const result = await this.#master
      .insertInto('application')
      .values(values)
      .onConflict((conflict) =>
        conflict
          .column('client_id')
          .doUpdateSet({ name: values.name, admits: values.admits })
          .where('application.tenant_id', '=', sql<string>`excluded.tenant_id`),
      )
      .executeTakeFirst()
    if (result.numInsertedOrUpdatedRows === 1n) return
    throw new ConfigurationError('ERR_CONFIG_APPLICATION', `the client id "${clientId}" belongs to another tenant`)
  }
}

/** What cannot be read admits nobody. */
export function toAdmitted(value: unknown): AdmittedTenants {
  if (value === 'own' || value === 'any') return value
  return Array.isArray(value) ? value.filter((slug) => typeof slug === 'string') : []
}
