import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { sql } from 'kysely'
import { ConnectionPool } from '../../../src/adapter/postgres/pool/connection-pool.js'
import { openKysely } from '../../../src/adapter/postgres/pool/open-kysely.js'
import { masterMigrations } from '../../../src/adapter/postgres/schema/master-migrations.js'
import {
  isMigrated,
  migrate,
  type Migration,
  type MigrationSchema,
} from '../../../src/adapter/postgres/schema/migrate.js'
import { tenantMigrations } from '../../../src/adapter/postgres/schema/tenant-migrations.js'
import { noGrants } from '../../../src/core/permission/grants.js'
import { identityIn, newSession, newSignIn } from '../../support/login-samples.js'
import { openTestPostgres, type TestPostgres } from '../../support/postgres.js'
import { until } from '../../support/until.js'

let test: TestPostgres
let database: string
let pool: ConnectionPool
beforeAll(async () => {
  test = await openTestPostgres()
  database = `${test.masterDatabase}_blank`
  await test.databaseSql('postgres', `create database ${database}`)
  pool = new ConnectionPool({
    settings: test.connection,
    outage: 'AUTH_UNAVAILABLE',
    limits: { connections: 8, perDatabase: 8, waiting: 8 },
    times: { connect: 5000, wait: 5000, statement: 30_000, query: 31_000, idle: 60_000 },
  })
})
afterAll(async () => {
  await pool?.close()
  await test?.databaseSql('postgres', `drop database ${database} with (force)`)
  await test?.close()
})

describe('migrate', () => {
  it('takes every step once when four processes start at once, and none later', async () => {
    const db = openKysely<MigrationSchema>(pool, database)
    expect(await isMigrated(db, masterMigrations)).toBe(false)
    await Promise.all([1, 2, 3, 4].map(() => migrate(db, masterMigrations)))
    expect(await isMigrated(db, masterMigrations)).toBe(true)
    await migrate(db, masterMigrations)
    const taken = await test.databaseSql(database, 'select name from schema_migration order by name')
    expect(taken).toEqual(masterMigrations.map(({ name }) => ({ name })))
  })

  it('takes a new step in a database that has the old ones, and keeps its rows', async () => {
    const db = openKysely<MigrationSchema>(pool, database)
    await test.databaseSql(database, `insert into tenant (slug, name, database_name) values ('a', 'A', 'tenant_a')`)
    const more = [...masterMigrations, addColumn]
    expect(await isMigrated(db, more)).toBe(false)
    await migrate(db, more)
    expect(await test.databaseSql(database, 'select slug, motto from tenant')).toEqual([{ slug: 'a', motto: null }])
  })

  it('lets nobody but its owner make anything in master, as PostgreSQL 14 lets everybody', async () => {
    const db = openKysely<MigrationSchema>(pool, database)
    const step = masterMigrations.find(({ name }) => name === '0010-closed-schema')
    const mayCreate = async (): Promise<unknown> => {
      const [row] = await test.databaseSql(
        database,
        `select has_schema_privilege('pg_monitor', 'public', 'create') as may, has_schema_privilege('pg_monitor', 'public', 'usage') as see`,
      )
      return row
    }
    await test.databaseSql(database, 'grant create on schema public to public')
    expect(await mayCreate()).toEqual({ may: true, see: true })
    // Where the schema is somebody else's, the step goes on without.
    await db.transaction().execute(async (transaction) => {
      await sql`set local role pg_monitor`.execute(transaction)
      await step?.up(transaction)
    })
    expect(await mayCreate()).toEqual({ may: true, see: true })
    await step?.up(db)
    expect(await mayCreate()).toEqual({ may: false, see: true })
  })

  it('leaves a database of a newer version as it is', async () => {
    expect(await isMigrated(openKysely<MigrationSchema>(pool, database), masterMigrations)).toBe(true)
  })

  it('takes no step when a later one fails', async () => {
    const db = openKysely<MigrationSchema>(pool, database)
    const failing = [...masterMigrations, addColumn, { name: '9002-half', up: addTableAndFail }]
    await expect(migrate(db, failing)).rejects.toThrow('half way')
    expect(await test.databaseSql(database, `select to_regclass('half') as half`)).toEqual([{ half: null }])
    expect(await isMigrated(db, failing)).toBe(false)
  })

  it('gives way to whoever writes, and takes the step after them', async () => {
    const db = openKysely<MigrationSchema>(pool, database)
    const remark: Migration = {
      name: '9003-remark',
      async up(step) {
        await step.schema.alterTable('application').addColumn('remark', 'text').execute()
        await step.schema.alterTable('tenant').addColumn('remark', 'text').execute()
      },
    }
    // Holds the second table for a while, and wants the first one then: one of the two has to yield.
    const writer = test.databaseSql(
      database,
      `begin; update tenant set name = 'Held'; select pg_sleep(1.2); update application set name = 'Held'; commit`,
    )
    await until(async () => {
      const held = `select from pg_stat_activity where datname = '${database}' and wait_event = 'PgSleep'`
      return (await test.databaseSql(database, held)).length > 0
    })
    await Promise.all([writer, migrate(db, [...masterMigrations, addColumn, remark])])
    expect(await test.databaseSql(database, 'select name, remark from tenant')).toEqual([
      { name: 'Held', remark: null },
    ])
  })

  it('brings a tenant of an older version up to date on first use', async () => {
    const tenant = await test.postgres.provisioner.createTenant({ slug: 'old', name: 'Old' })
    await test.tenantSql(tenant, 'drop schema public cascade; create schema public')
    expect(tenantMigrations.length).toBeGreaterThan(0)
    const next = await test.reopen()
    expect(await next.accounts.list(tenant)).toEqual([])
  })

  it('adds the sign-ins to databases that have everything before them, and keeps their rows', async () => {
    const tenant = await test.postgres.provisioner.createTenant({ slug: 'older', name: 'Older' })
    const { id } = await test.postgres.accounts.create(tenant, { email: 'ann@older.example', grants: noGrants })
    const later = `('0002-sign-in', '0004-session-owner', '0005-session-client', '0006-upstream-token')`
    const forget = `delete from schema_migration where name in ${later}`
    const owners = 'drop column owner, drop column owner_tenant, drop column application'
    await test.tenantSql(tenant, `drop table session; ${forget}`)
    await test.sql(`drop table login_transaction, transport_session, rate_limit`)
    await test.sql(`alter table issuer_record ${owners}; ${forget}`)
    const next = await test.reopen()
    expect(await next.accounts.find(tenant, id)).toMatchObject({ id })
    const signIn = newSignIn(identityIn(tenant))
    await next.signIns.open(signIn)
    expect(await next.signIns.find({ tenant, key: signIn.key }, 'used')).toMatchObject({ key: signIn.key })
    const session = newSession()
    await next.sessions.open(session)
    expect(await next.sessions.find(session.digest)).toEqual(session)
    expect(await next.tenants.findBySlug('older')).toEqual(tenant)
  })
})

const addColumn: Migration = {
  name: '9001-motto',
  async up(db) {
    await db.schema.alterTable('tenant').addColumn('motto', 'text').execute()
  },
}

async function addTableAndFail(db: Parameters<Migration['up']>[0]): Promise<void> {
  await db.schema.createTable('half').addColumn('id', 'integer').execute()
  throw new TypeError('half way')
}
