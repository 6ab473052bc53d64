import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals'
import { grantsOf } from '../../../src/core/permission/grants.js'
import type { RegisteredTenant } from '../../../src/core/administration/registered-tenant.js'
import { openTestPostgres, ownIssuer, type TestPostgres } from '../../support/postgres.js'

const by = 'cli:tester'
const issuer = 'https://idp.example/realm'

let test: TestPostgres
let tenant: RegisteredTenant
let count = 0
beforeAll(async () => {
  test = await openTestPostgres()
})
beforeEach(async () => {
  count += 1
  tenant = await test.postgres.tenantDirectory.create({ slug: `acme-${count}`, name: 'Acme' }, by)
})
afterAll(() => test?.close())

async function reasons(): Promise<readonly unknown[]> {
  const rows = await test.sql(
    `select reason, subject, detail->'after' as after from audit_event
     where type = 'admin.changed' and detail->>'name' = $1 order by id`,
    [tenant.slug],
  )
  return rows.map((row) => [row['subject'], row['reason'], ...(row['after'] as string[])].join(' '))
}

async function exported(): Promise<string[]> {
  const lines: string[] = []
  await test.postgres.tenantDirectory.export(tenant, async (line) => void lines.push(line))
  return lines
}

async function* from(lines: readonly string[]): AsyncIterable<string> {
  yield* lines
}

describe('a suspended tenant', () => {
  it('is found by nobody, in any process, until it is resumed', async () => {
    const { tenantDirectory, tenants } = test.postgres
    const other = (await test.reopen()).tenants
    expect(await tenantDirectory.suspend(tenant, by)).toBe(true)
    expect(await tenantDirectory.suspend(tenant, by)).toBe(false)
    for (const registry of [tenants, other]) {
      expect(await registry.findBySlug(tenant.slug)).toBeUndefined()
      expect(await registry.find(ownIssuer, tenant.slug)).toBeUndefined()
    }
    expect(await tenantDirectory.find(tenant.slug)).toMatchObject({ state: 'suspended' })
    expect(await tenantDirectory.resume(tenant, by)).toBe(true)
    expect(await other.findBySlug(tenant.slug)).toMatchObject({ id: tenant.id })
    expect(await reasons()).toEqual([
      `${by} tenant_added`,
      `${by} tenant_changed suspended`,
      `${by} tenant_changed active`,
    ])
  })
})

describe('a claim', () => {
  it('means one tenant, byte for byte, of one issuer', async () => {
    const { tenantDirectory, tenants } = test.postgres
    const claim = { issuer, value: `T-${count}` }
    expect(await tenantDirectory.addClaim(tenant, claim, by)).toBe(true)
    expect(await tenantDirectory.addClaim(tenant, claim, by)).toBe(false)
    expect(await tenants.find(issuer, claim.value)).toMatchObject({ slug: tenant.slug })
    for (const [from, value] of [
      [`${issuer}/`, claim.value],
      ['https://IDP.example/realm', claim.value],
      [issuer, claim.value.toLowerCase()],
      [issuer, `${claim.value} `],
      [ownIssuer, claim.value],
    ]) {
      expect(await tenants.find(String(from), String(value))).toBeUndefined()
    }
    expect((await tenantDirectory.find(tenant.slug))?.claims).toEqual([claim])
    expect(await tenantDirectory.removeClaim(tenant, claim, by)).toBe(true)
    expect(await tenants.find(issuer, claim.value)).toBeUndefined()
  })

  it('cannot be made to mean another tenant as well', async () => {
    const { tenantDirectory } = test.postgres
    const other = await tenantDirectory.create({ slug: `other-${count}`, name: 'Other' }, by)
    const claim = { issuer, value: `shared-${count}` }
    await tenantDirectory.addClaim(other, claim, by)
    await expect(tenantDirectory.addClaim(tenant, claim, by)).rejects.toThrow(`means the tenant ${other.slug}`)
    expect(await test.postgres.tenants.find(issuer, claim.value)).toMatchObject({ slug: other.slug })
    expect(await tenantDirectory.removeClaim(tenant, claim, by)).toBe(false)
  })

  it.each([
    ['http://idp.example', 'x'],
    ['idp.example', 'x'],
    ['https://idp.example/?a=b', 'x'],
    ['https://idp.example/#a', 'x'],
    [issuer, ''],
    [issuer, 'x\u0000'],
    [issuer, 'x\ny'],
    [issuer, 'x'.repeat(256)],
  ])('is refused for issuer %j and value %j', async (from, value) => {
    await expect(test.postgres.tenantDirectory.addClaim(tenant, { issuer: from, value }, by)).rejects.toThrow(TypeError)
  })
})

describe('a deleted tenant', () => {
  it('leaves nothing: no database, no role, no application, no claim', async () => {
    const { applications, tenantDirectory } = test.postgres
    await applications.register({ clientId: `app-${count}`, name: 'App', tenant, admits: 'own' })
    await tenantDirectory.addClaim(tenant, { issuer, value: `gone-${count}` }, by)
    expect((await tenantDirectory.find(tenant.slug))?.applications).toEqual([`app-${count}`])
    await test.postgres.accounts.list(tenant)
    await tenantDirectory.delete(tenant, by)

    expect(await tenantDirectory.find(tenant.slug)).toBeUndefined()
    expect(await applications.find(`app-${count}`)).toBeUndefined()
    const { database, role } = tenant
    for (const query of [
      'select datname from pg_database where datname = $1',
      'select rolname from pg_roles where rolname = $1',
    ]) {
      expect(await test.databaseSql('postgres', query, [query.includes('rolname') ? role : database])).toEqual([])
    }
    await expect(test.postgres.accounts.list(tenant)).rejects.toMatchObject({ code: 'ERR_TENANT_UNAVAILABLE' })
    expect(await reasons()).toEqual(expect.arrayContaining([`${by} tenant_changed deleting`, `${by} tenant_removed`]))
  })

  it('is finished by whoever asks again after a process died half way, and nobody enters it meanwhile', async () => {
    await test.sql(`update tenant set deleting_at = now(), suspended_at = now() where id = $1`, [tenant.id])
    expect(await test.postgres.tenants.findBySlug(tenant.slug)).toBeUndefined()
    const half = await test.postgres.tenantDirectory.find(tenant.slug)
    expect(half).toMatchObject({ state: 'deleting' })
    expect(await test.postgres.tenantDirectory.resume(tenant, by)).toBe(false)
    await test.databaseSql('postgres', `drop database ${tenant.database}`)
    if (half !== undefined) await test.postgres.tenantDirectory.delete(half, by)
    expect(await test.postgres.tenantDirectory.find(tenant.slug)).toBeUndefined()
  })

  it('may be made anew, and has nothing of the one before', async () => {
    await test.postgres.accounts.create(tenant, { email: 'ada@acme.test', grants: grantsOf({ roles: ['admin'] }) })
    await test.postgres.tenantDirectory.delete(tenant, by)
    const again = await test.postgres.tenantDirectory.create({ slug: tenant.slug, name: 'Acme' }, by)
    expect(again.id).not.toBe(tenant.id)
    expect(await test.postgres.accounts.list(again)).toEqual([])
  })
})

describe('an export', () => {
  it('makes the same tenant again, to the last digit', async () => {
    const { accounts, tenantDirectory } = test.postgres
    const grants = grantsOf({ roles: ['admin'], groups: ['ops'], scopes: ['read'], permissions: ['a:b'] })
    await accounts.create(tenant, { email: 'ada@acme.test', name: 'Ada "the" Ü\n', passwordHash: 'a hash', grants })
    const role = `(select id from role where name = 'admin')`
    await test.tenantSql(tenant, `insert into role_scope select ${role}, id from scope`)
    await test.tenantSql(tenant, `update access_rule set grants = 'catalogue', sign_up = 'everybody'`)
    await test.tenantSql(
      tenant,
      `insert into audit_event (type, request_id, detail) values ('list.served', 'r', '{"n": 12345678901234567890}')`,
    )
    const lines = await exported()
    const copy = await tenantDirectory.create({ slug: `copy-${count}`, name: 'Copy' }, by, from(lines))
    const dump = `select
      (select jsonb_agg(to_jsonb(a) order by a.id) from account a) as accounts,
      (select jsonb_agg(to_jsonb(r) order by r.role_id) from role_scope r) as bundles,
      (select jsonb_agg(to_jsonb(r)) from access_rule r) as rules,
      (select jsonb_agg(to_jsonb(e)::text order by e.id) from audit_event e) as events`
    expect(await test.tenantSql(copy, dump)).toEqual(await test.tenantSql(tenant, dump))
    const [ada] = await accounts.list(copy)
    expect(ada).toMatchObject({ email: 'ada@acme.test', grants })
    expect(await accounts.findPasswordHash(copy, ada?.id ?? '')).toBe('a hash')
    // New rows go on counting behind the old ones.
    await test.tenantSql(copy, `insert into audit_event (type, request_id) values ('list.served', 'later')`)
  })

  it('has nobody who is signed in', async () => {
    expect((await exported()).join('\n')).not.toMatch(/"session"/)
  })

  it.each([
    ['is empty', []],
    ['is something else', ['{"format":"something"}']],
    ['is no JSON', ['hello']],
    ['comes from a newer version', ['{"format":"authsec tenant 1","steps":["9999-later"],"tables":[]}']],
    [
      'names a table that is not there',
      ['{"format":"authsec tenant 1","steps":[],"tables":[{"name":"pg_authid","columns":["oid"]}]}'],
    ],
    [
      'names a column that is not there',
      ['{"format":"authsec tenant 1","steps":[],"tables":[{"name":"role","columns":["x"]}]}'],
    ],
  ])('that %s makes no tenant, and nothing of it is left', async (_how, lines) => {
    const slug = `broken-${count}`
    await expect(test.postgres.tenantDirectory.create({ slug, name: 'Broken' }, by, from(lines))).rejects.toThrow(
      /line 1/,
    )
    expect(await test.postgres.tenantDirectory.find(slug)).toBeUndefined()
    const names = `tenant_broken_${count}%`
    expect(
      await test.databaseSql('postgres', 'select datname from pg_database where datname like $1', [names]),
    ).toEqual([])
    expect(await test.databaseSql('postgres', 'select rolname from pg_roles where rolname like $1', [names])).toEqual(
      [],
    )
  })

  it('names the lines of a row that does not fit', async () => {
    await test.postgres.accounts.create(tenant, { email: 'ada@acme.test', grants: grantsOf({ roles: ['admin'] }) })
    const lines = await exported()
    const at = lines.findIndex((line) => line.startsWith('["role",'))
    const broken = lines.map((line, index) => (index === at ? line.replace('"admin"', '""') : line))
    await expect(
      test.postgres.tenantDirectory.create({ slug: `odd-${count}`, name: 'Odd' }, by, from(broken)),
    ).rejects.toThrow(`lines ${at + 1} to ${at + 1}: a row of role does not fit`)
  })
})
