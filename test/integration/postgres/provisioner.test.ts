import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals'
import { Client } from 'pg'
import { tenantMigrations } from '../../../src/adapter/postgres/schema/tenant-migrations.js'
import { noGrants } from '../../../src/core/permission/grants.js'
import { openTestPostgres, type TestPostgres } from '../../support/postgres.js'

let test: TestPostgres
beforeAll(async () => {
  test = await openTestPostgres()
})
afterAll(() => test?.close())

const strays: string[] = []
afterEach(async () => {
  for (const name of strays.splice(0))
    await test.databaseSql('postgres', `drop database if exists "${name}" with (force)`)
})

describe('createTenant', () => {
  it('makes a tenant with a database of its own, named in the registry', async () => {
    const { provisioner, tenants, accounts } = test.postgres
    const tenant = await provisioner.createTenant({ slug: 'acme-corp', name: 'Acme' })
    expect(tenant).toEqual({ id: tenant.id, slug: 'acme-corp', name: 'Acme' })
    expect(await tenants.findBySlug('acme-corp')).toEqual(tenant)
    expect(await accounts.list(tenant)).toEqual([])
    const [row] = await test.sql('select database_name from tenant where id = $1', [tenant.id])
    expect(row?.['database_name']).toMatch(/^tenant_acme_corp(_[0-9a-f]{8})?$/)
  })

  it('gives the same tenant to ten calls of two processes at once', async () => {
    const other = (await test.reopen()).provisioner
    const calls = Array.from({ length: 10 }, (_, index) =>
      (index % 2 ? other : test.postgres.provisioner).createTenant({ slug: 'race', name: 'Race' }),
    )
    const [first, ...rest] = await Promise.all(calls)
    for (const tenant of rest) expect(tenant).toEqual(first)
    expect(await test.sql(`select count(*)::int as n from tenant where slug = 'race'`)).toEqual([{ n: 1 }])
  })

  it('makes five different tenants at once', async () => {
    const slugs = ['p1', 'p2', 'p3', 'p4', 'p5']
    const made = await Promise.all(slugs.map((slug) => test.postgres.provisioner.createTenant({ slug, name: slug })))
    for (const tenant of made) expect(await test.postgres.accounts.list(tenant)).toEqual([])
    expect(new Set(made.map(({ id }) => id)).size).toBe(5)
  })

  it('does not adopt a database that exists already under the name', async () => {
    strays.push('tenant_squatted')
    await test.databaseSql('postgres', 'create database tenant_squatted')
    const tenant = await test.postgres.provisioner.createTenant({ slug: 'squatted', name: 'Squatted' })
    const [row] = await test.sql('select database_name from tenant where id = $1', [tenant.id])
    expect(row?.['database_name']).toMatch(/^tenant_squatted_[0-9a-f]{8}$/)
    expect(await test.databaseSql('tenant_squatted', `select 1 from pg_tables where schemaname = 'public'`)).toEqual([])
  })

  it.each(['', 'Acme', '-acme', 'acme corp', 'acme\n', '../acme', "a'b", 'a"b', 'a'.repeat(42), 'аcme'])(
    'refuses the slug %j and creates nothing',
    async (slug) => {
      await expect(test.postgres.provisioner.createTenant({ slug, name: 'X' })).rejects.toThrow(TypeError)
      expect(await test.sql('select 1 from tenant where slug = $1', [slug])).toEqual([])
      const name = `tenant_${slug.replaceAll('-', '_')}`
      expect(await test.sql('select 1 from pg_database where datname = $1', [name])).toEqual([])
    },
  )

  it('keeps the data of a tenant whose slug is the longest', async () => {
    const tenant = await test.postgres.provisioner.createTenant({ slug: 'a'.repeat(41), name: 'Long' })
    const account = await test.postgres.accounts.create(tenant, { email: 'a@long.example', grants: noGrants })
    expect(await test.postgres.accounts.find(tenant, account.id)).toEqual(account)
  })
})

describe('the template of tenants', () => {
  it.each([
    ['is missing', `drop database authsec_template_tenant`],
    ['has an older schema', `comment on database authsec_template_tenant is 'authsec tenant schema, steps: 0'`],
    ['was left open by a process that died', `alter database authsec_template_tenant allow_connections true`],
  ])('is made ready by one of two processes when it %s', async (what, damage) => {
    await damageTemplate(damage)
    const slugs = ['a', 'b'].map((letter) => `${letter}-${what.replaceAll(' ', '-')}`)
    const processes = [test.postgres, await test.reopen()]
    const tenants = await Promise.all(
      slugs.map((slug, index) => (processes[index] ?? test.postgres).provisioner.createTenant({ slug, name: slug })),
    )
    for (const tenant of tenants) expect(await test.postgres.accounts.list(tenant)).toEqual([])
    const [template] = await test.sql(
      `select datallowconn, shobj_description(oid, 'pg_database') as note from pg_database where datname = 'authsec_template_tenant'`,
    )
    const note = `authsec tenant schema, steps: ${tenantMigrations.length}`
    expect(template).toEqual({ datallowconn: false, note })
  })
})

describe('a role of the cluster without rights', () => {
  it('cannot connect to master, to a tenant or to the template', async () => {
    const tenant = await test.postgres.provisioner.createTenant({ slug: 'walled', name: 'Walled' })
    const [row] = await test.sql('select database_name from tenant where id = $1', [tenant.id])
    const user = `stranger_${process.pid}`
    await test.databaseSql('postgres', `create role ${user} login password 'known'`)
    try {
      const databases = [test.masterDatabase, String(row?.['database_name'])]
      for (const database of databases) {
        const client = new Client({ ...endpoint(), user, password: 'known', database })
        await expect(client.connect()).rejects.toMatchObject({ code: '42501' })
      }
      const template = new Client({ ...endpoint(), user, password: 'known', database: 'authsec_template_tenant' })
      await expect(template.connect()).rejects.toMatchObject({ code: '55000' })
    } finally {
      await test.databaseSql('postgres', `drop role ${user}`)
    }
  })
})

describe('exclusively', () => {
  it('lets one process at a time do what serves one purpose', async () => {
    const other = (await test.reopen()).provisioner
    let running = 0
    let most = 0
    const results = await Promise.all(
      [test.postgres.provisioner, other, test.postgres.provisioner, other].map((provisioner, index) =>
        provisioner.exclusively('seed', async () => {
          running += 1
          most = Math.max(most, running)
          await test.postgres.ping()
          running -= 1
          return index
        }),
      ),
    )
    expect(results).toEqual([0, 1, 2, 3])
    expect(most).toBe(1)
  })

  it('lets go when the action fails', async () => {
    const failing = test.postgres.provisioner.exclusively('fail', () => Promise.reject(new TypeError('no')))
    await expect(failing).rejects.toThrow('no')
    await expect(test.postgres.provisioner.exclusively('fail', () => Promise.resolve(1))).resolves.toBe(1)
  })
})

/** While nobody else is using the template. */
async function damageTemplate(statement: string): Promise<void> {
  const { user, password } = test.connection
  const client = new Client({ ...endpoint(), user, password, database: 'postgres' })
  await client.connect()
  await client.query(`select pg_advisory_lock(hashtextextended('authsec tenant template', 0))`)
  await client.query(statement)
  await client.end()
}

function endpoint() {
  const { host, port } = test.connection
  return { host, port }
}
