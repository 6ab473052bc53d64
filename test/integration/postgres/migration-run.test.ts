import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { readSchemaStatus } from '../../../src/adapter/postgres/tenant/read-schema-status.js'
import { masterMigrations } from '../../../src/adapter/postgres/schema/master-migrations.js'
import type { MigrationProgress } from '../../../src/core/administration/schema-status.js'
import type { Tenant } from '../../../src/core/identity/tenant.js'
import { until } from '../../support/until.js'
import { openTestPostgres, type TestPostgres } from '../../support/postgres.js'

let test: TestPostgres
let tenants: readonly Tenant[]
beforeAll(async () => {
  test = await openTestPostgres()
  const slugs = ['acme', 'globex', 'initech', 'umbrella', 'zorg']
  tenants = await Promise.all(slugs.map((slug) => test.postgres.provisioner.createTenant({ slug, name: slug })))
})
afterAll(() => test?.close())

function status(tenant?: string) {
  const { connection, masterDatabase } = test
  return readSchemaStatus({ connection, masterDatabase, tenant, log: { write: () => {} } })
}

/** As an older version has left it: the marker alone, for the last step only adds what is there already. */
async function setBack(tenant: Tenant): Promise<void> {
  await test.tenantSql(tenant, 'drop table session')
  await test.tenantSql(tenant, `delete from schema_migration where name = '0002-sign-in'`)
}

async function roleOf({ id }: Tenant): Promise<string> {
  const [row] = await test.sql('select login_role as role from tenant where id = $1', [id])
  return String(row?.['role'])
}

describe('the status of an installation', () => {
  it('has master and every tenant, and says of each whether it is up to date', async () => {
    const found = await status()
    expect(found.map(({ tenant, state }) => [tenant, state])).toEqual([
      [undefined, 'current'],
      ...tenants.map(({ slug }) => [slug, 'current']),
    ])
  })

  it('names the steps that a database lacks, and takes none', async () => {
    const [acme] = tenants
    if (acme === undefined) return
    await setBack(acme)
    for (const _again of [1, 2]) {
      const [, found] = await status('acme')
      expect(found).toMatchObject({ tenant: 'acme', state: 'behind', missing: ['0002-sign-in'] })
    }
    await test.postgres.migrations.migrate({ tenant: 'acme' })
  })

  it('says what earlier servers cannot do once the steps are taken, and nothing of steps that take nothing from them', async () => {
    const [acme] = tenants
    if (acme === undefined) return
    // As a version has left it that had one user of a provider for each account.
    await test.tenantSql(acme, 'alter table kept_token drop column issuer, drop column subject')
    await test.tenantSql(acme, 'alter table kept_token add primary key (account_id, provider_id)')
    await test.tenantSql(acme, `delete from schema_migration where name = '0010-federation'`)
    const withheld = [expect.stringContaining('let nobody sign in with an identity provider any more')]
    expect(await status('acme')).toMatchObject([{ withheld: [] }, { missing: ['0010-federation'], withheld }])
    expect(await test.postgres.migrations.migrate({ tenant: 'acme' })).toMatchObject([{ failure: undefined, withheld }])
    expect(await status('acme')).toMatchObject([{ withheld: [] }, { missing: [], withheld: [] }])
    await setBack(acme)
    expect(await test.postgres.migrations.migrate({ tenant: 'acme' })).toMatchObject([{ withheld: [] }])
  })

  it('tells a newer database and one that cannot be reached from the rest', async () => {
    const [, globex, initech] = tenants
    if (globex === undefined || initech === undefined) return
    await test.tenantSql(globex, `insert into schema_migration (name) values ('9999-later')`)
    await test.sql(`update tenant set database_name = database_name || '_moved' where id = $1`, [initech.id])
    const states = new Map((await status()).map(({ tenant, state }) => [tenant, state]))
    expect([states.get('globex'), states.get('initech'), states.get('acme')]).toEqual([
      'newer',
      'unreachable',
      'current',
    ])
    await test.sql(`update tenant set database_name = replace(database_name, '_moved', '') where id = $1`, [initech.id])
    await test.tenantSql(globex, `delete from schema_migration where name = '9999-later'`)
  })

  it('is there before master has ever been prepared', async () => {
    const masterDatabase = `${test.masterDatabase}_bare`
    const { connection } = test
    const all = masterMigrations.map(({ name }) => name)
    const absent = await readSchemaStatus({ connection, masterDatabase, log: { write: () => {} } })
    expect(absent).toMatchObject([{ tenant: undefined, state: 'behind', missing: all }])
    await test.databaseSql('postgres', `create database ${masterDatabase}`)
    const found = await readSchemaStatus({ connection, masterDatabase, log: { write: () => {} } })
    expect(found).toMatchObject([
      { tenant: undefined, state: 'behind', missing: masterMigrations.map(({ name }) => name) },
    ])
    await test.databaseSql('postgres', `drop database ${masterDatabase} with (force)`)
  })
})

describe('a run of migrations', () => {
  it('brings every tenant up to date and tells how far it is', async () => {
    for (const tenant of tenants) await setBack(tenant)
    const progress: MigrationProgress[] = []
    const results = await test.postgres.migrations.migrate({ onProgress: (one) => progress.push(one) })
    expect(results.map(({ tenant, taken, failure }) => ({ tenant, taken, failure }))).toEqual(
      tenants.map(({ slug }) => ({ tenant: slug, taken: ['0002-sign-in'], failure: undefined })),
    )
    expect(progress.map(({ done, total }) => `${done}/${total}`)).toEqual(['1/5', '2/5', '3/5', '4/5', '5/5'])
    expect((await status()).every(({ state }) => state === 'current')).toBe(true)
  })

  it('leaves one that fails as it was, goes on with the others, and is continued by another run', async () => {
    const [acme, globex] = tenants
    if (acme === undefined || globex === undefined) return
    for (const tenant of [acme, globex]) await setBack(tenant)
    await test.tenantSql(acme, 'create table session (other text)')
    const failed = await test.postgres.migrations.migrate()
    expect(failed[0]).toMatchObject({ tenant: 'acme', taken: [], failure: expect.stringContaining('42P07') })
    expect(failed[1]).toMatchObject({ tenant: 'globex', taken: ['0002-sign-in'], failure: undefined })
    await test.tenantSql(acme, 'drop table session')
    const again = await test.postgres.migrations.migrate()
    expect(again.flatMap(({ tenant, taken }) => taken.map((step) => `${tenant} ${step}`))).toEqual([
      'acme 0002-sign-in',
    ])
  })

  it('may run twice at once', async () => {
    for (const tenant of tenants) await setBack(tenant)
    const other = await test.reopen()
    const runs = await Promise.all([test.postgres.migrations.migrate(), other.migrations.migrate()])
    expect(runs.flat().filter(({ failure }) => failure !== undefined)).toEqual([])
    expect((await status()).every(({ state }) => state === 'current')).toBe(true)
  })

  it('lets the login of a tenant use what is new, and nothing more', async () => {
    const [acme] = tenants
    if (acme === undefined) return
    await setBack(acme)
    await test.postgres.migrations.migrate({ tenant: 'acme' })
    const privileges = await test.tenantSql(
      acme,
      `select table_name, string_agg(privilege_type, ' ' order by privilege_type) as may
       from information_schema.role_table_grants where grantee = $1 group by table_name`,
      [await roleOf(acme)],
    )
    const may = new Map(privileges.map((row) => [row['table_name'], row['may']]))
    expect(may.get('session')).toBe('DELETE INSERT SELECT UPDATE')
    expect(may.get('audit_event')).toBeUndefined()
    const [columns] = await test.tenantSql(
      acme,
      `select string_agg(distinct privilege_type, ' ') as may from information_schema.role_column_grants
       where grantee = $1 and table_name = 'audit_event'`,
      [await roleOf(acme)],
    )
    expect(columns).toEqual({ may: 'INSERT' })
    expect(may.get('policy_version')).toBe('SELECT')
  })

  it('makes the login again that a restored backup does not have', async () => {
    const [acme] = tenants
    if (acme === undefined) return
    const role = await roleOf(acme)
    await test.tenantSql(acme, `drop owned by ${role}`)
    await test.databaseSql('postgres', `drop owned by ${role}`)
    await test.databaseSql('postgres', `drop role ${role}`)
    const process = await test.reopen()
    await expect(process.accounts.list(acme)).rejects.toMatchObject({ code: 'ERR_TENANT_UNAVAILABLE' })
    await test.postgres.migrations.migrate({ tenant: 'acme' })
    expect(await process.accounts.list(acme)).toEqual([])
  })
})

describe('a request to a tenant that is behind', () => {
  it('is refused in time while somebody is in the way of the migration, and served once they are gone', async () => {
    const [acme] = tenants
    if (acme === undefined) return
    await setBack(acme)
    const process = await test.reopen()
    const [row] = await test.sql('select database_name as database from tenant where id = $1', [acme.id])
    // As another migrator would that is slow.
    const hold = test.databaseSql(
      String(row?.['database']),
      'select pg_sleep(6) from (select pg_advisory_xact_lock(7164392085)) as held',
    )
    await until(async () => (await waiting(acme)) > 0)
    const begun = performance.now()
    await expect(process.accounts.list(acme)).rejects.toMatchObject({ code: 'ERR_TENANT_UNAVAILABLE', retryable: true })
    expect(performance.now() - begun).toBeLessThan(5_500)
    await hold
    await until(
      () =>
        process.accounts.list(acme).then(
          () => true,
          () => false,
        ),
      20_000,
    )
  })
})

async function waiting(tenant: Tenant): Promise<number> {
  const rows = await test.tenantSql(tenant, `select 1 from pg_locks where locktype = 'advisory'`)
  return rows.length
}
