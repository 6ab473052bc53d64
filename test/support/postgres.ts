import { createHash } from 'node:crypto'
import { existsSync, statfsSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Client } from 'pg'
import type { ConnectionSettings } from '../../src/adapter/postgres/connection-settings.js'
import { attachEmbeddedPostgres } from '../../src/adapter/postgres/embedded/embedded-postgres.js'
import { openPostgres, type Postgres, type PostgresOptions } from '../../src/adapter/postgres/open-postgres.js'
import { MasterKey } from '../../src/core/credential/master-key.js'
import type { Tenant } from '../../src/core/identity/tenant.js'
import type { Log } from '../../src/core/runtime/log.js'

export const ownIssuer = 'https://issuer.example'

const silentLog: Log = { write: () => {} }
const lockKey = 4_242_001

export type Row = Readonly<Record<string, unknown>>

export interface TestPostgres {
  readonly postgres: Postgres
  readonly connection: ConnectionSettings
  readonly masterDatabase: string
  /** Opens the keys of `postgres`, which seal and digest. */
  readonly masterKey: MasterKey
  /** A further process, as it were, on the same master database. Closed with the rest. */
  reopen(options?: Partial<PostgresOptions>): Promise<Postgres>
  /** Plain SQL on master. */
  sql(query: string, parameters?: readonly unknown[]): Promise<readonly Row[]>
  /** Plain SQL on the tenant's database. */
  tenantSql(tenant: Tenant, query: string, parameters?: readonly unknown[]): Promise<readonly Row[]>
  /** Plain SQL on any database. */
  databaseSql(database: string, query: string, parameters?: readonly unknown[]): Promise<readonly Row[]>
  close(): Promise<void>
}

let opened = 0

/** A share in the one PostgreSQL that all test files use, with a master database of its own; its databases go with `close`. */
export async function openTestPostgres(options: Partial<PostgresOptions> = {}): Promise<TestPostgres> {
  opened += 1
  const masterDatabase = `test_${process.pid}_${opened}`
  const masterKey = MasterKey.generate()
  const embedded = await attachEmbeddedPostgres({ home: clusterHome(), log: silentLog })
  const { connection } = embedded
  const all: Postgres[] = []
  const open = async (changes: Partial<PostgresOptions> = {}): Promise<Postgres> => {
    const shared = { connection, masterDatabase, masterKey, ownIssuer, log: silentLog }
    const postgres = await openPostgres({ ...shared, ...options, ...changes })
    all.push(postgres)
    return postgres
  }
  const databaseSql: TestPostgres['databaseSql'] = (database, query, parameters) =>
    withClient(connection, database, (client) => run(client, query, parameters))
  const sql: TestPostgres['sql'] = (query, parameters) => databaseSql(masterDatabase, query, parameters)
  return {
    postgres: await firstOpen(connection, open),
    connection,
    masterDatabase,
    masterKey,
    reopen: open,
    sql,
    databaseSql,
    async tenantSql(tenant, query, parameters) {
      const [row] = await sql('select database_name from tenant where id = $1', [tenant.id])
      return databaseSql(String(row?.['database_name']), query, parameters)
    },
    async close() {
      await Promise.allSettled(all.map((postgres) => postgres.close()))
      const tenants = await sql('select database_name, login_role from tenant')
      await dropDatabases(connection, [...tenants.map((row) => String(row['database_name'])), masterDatabase])
      const databases = [masterDatabase, ...tenants.map((row) => String(row['database_name']))]
      const auditors = databases.map((name) => `${name}_auditor`)
      await dropRoles(connection, [...tenants.map((row) => String(row['login_role'])), ...auditors])
      await embedded.close()
    },
  }
}

/** One for each checkout, whose schema may differ. In memory where there is room: creating and dropping databases waits for the disk otherwise. */
function clusterHome(): string {
  const memory = '/dev/shm'
  const { bavail, bsize } = existsSync(memory) ? statfsSync(memory) : { bavail: 0, bsize: 0 }
  const checkout = createHash('sha256').update(process.cwd()).digest('hex').slice(0, 8)
  return join(bavail * bsize > 2 ** 30 ? memory : tmpdir(), `authsec-test-${process.getuid?.() ?? 0}-${checkout}`)
}

/** Removes what killed runs have left behind, then creates this run's master database, before another file could take it for a leftover. */
function firstOpen(connection: ConnectionSettings, open: () => Promise<Postgres>): Promise<Postgres> {
  return withClient(connection, 'postgres', async (client) => {
    await client.query('select pg_advisory_lock($1)', [lockKey])
    const rows = await run(client, `select datname from pg_database where datname ~ '^(test|tenant)_'`)
    const names = rows.map((row) => String(row['datname']))
    const inUse = names.some((name) => isAlive(Number(/^test_(\d+)_/.exec(name)?.[1])))
    if (!inUse) {
      await dropDatabases(connection, names)
      const roles = await run(client, `select rolname from pg_roles where rolname ~ '^(test|tenant)_'`)
      await dropRoles(
        connection,
        roles.map((row) => String(row['rolname'])),
      )
    }
    return open()
  })
}

function isAlive(pid: number): boolean {
  if (!Number.isInteger(pid)) return false
  try {
    return process.kill(pid, 0)
  } catch {
    return false
  }
}

async function dropDatabases(connection: ConnectionSettings, names: readonly string[]): Promise<void> {
  await withClient(connection, 'postgres', async (client) => {
    for (const name of names)
      await client.query(`drop database if exists ${client.escapeIdentifier(name)} with (force)`)
  })
}

async function dropRoles(connection: ConnectionSettings, names: readonly string[]): Promise<void> {
  await withClient(connection, 'postgres', async (client) => {
    // One that a test has let into something else stays: it can do no harm here.
    for (const name of names)
      await client.query(`drop role if exists ${client.escapeIdentifier(name)}`).catch(() => undefined)
  })
}

async function withClient<T>(
  { host, port, user, password }: ConnectionSettings,
  database: string,
  action: (client: Client) => Promise<T>,
): Promise<T> {
  const client = new Client({ host, port, user, password, database })
  client.on('error', () => {})
  await client.connect()
  try {
    return await action(client)
  } finally {
    await client.end()
  }
}

async function run(client: Client, query: string, parameters: readonly unknown[] = []): Promise<readonly Row[]> {
  const { rows } = await client.query<Row>(query, [...parameters])
  return rows
}
