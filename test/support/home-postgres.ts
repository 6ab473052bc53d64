import { readFile } from 'node:fs/promises'
import { Client } from 'pg'
import { attachEmbeddedPostgres } from '../../src/adapter/postgres/embedded/embedded-postgres.js'
import { openPostgres, type Postgres } from '../../src/adapter/postgres/open-postgres.js'
import { masterKeyFile } from '../../src/app/settings/read-master-keys.js'
import { MasterKey } from '../../src/core/credential/master-key.js'
import type { Tenant } from '../../src/core/identity/tenant.js'
import { holdRows, type HeldRows } from './hold-rows.js'
import { ownIssuer, type Row } from './postgres.js'

/** What a server process keeps in its home, as a further process beside it sees it. */
export interface HomePostgres {
  readonly postgres: Postgres
  /** Plain SQL on master. */
  sql(query: string, parameters?: readonly unknown[]): Promise<readonly Row[]>
  /** Plain SQL on the tenant's database. */
  tenantSql(tenant: Tenant, query: string, parameters?: readonly unknown[]): Promise<readonly Row[]>
  /** Has what a query locks in the tenant's database until it is released. */
  hold(tenant: Tenant, query: string): Promise<HeldRows>
  close(): Promise<void>
}

/** Joins the embedded database of a home in which a server has run. */
export async function openHomePostgres(home: string): Promise<HomePostgres> {
  const log = { write: () => undefined }
  const masterKey = MasterKey.parse(await readFile(masterKeyFile(home), 'utf8'))
  const embedded = await attachEmbeddedPostgres({ home, log })
  const postgres = await openPostgres({ connection: embedded.connection, masterKey, ownIssuer, log })
  const { host, password, port, user } = embedded.connection
  const sql = async (database: string, query: string, parameters: readonly unknown[] = []) => {
    const client = new Client({ host, port, user, password, database })
    await client.connect()
    try {
      return (await client.query<Row>(query, [...parameters])).rows
    } finally {
      await client.end()
    }
  }
  const databaseOf = async (tenant: Tenant) => {
    const [row] = await sql('authsec', 'select database_name from tenant where id = $1', [tenant.id])
    return String(row?.['database_name'])
  }
  return {
    postgres,
    sql: (query, parameters) => sql('authsec', query, parameters),
    tenantSql: async (tenant, query, parameters) => sql(await databaseOf(tenant), query, parameters),
    hold: async (tenant, query) => holdRows(embedded.connection, await databaseOf(tenant), query),
    async close() {
      await postgres.close()
      await embedded.close()
    },
  }
}
