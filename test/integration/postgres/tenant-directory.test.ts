import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals'
import { grantsOf } from '../../../src/core/permission/grants.js'
import type { RegisteredTenant } from '../../../src/core/administration/registered-tenant.js'
import { ownerDigest, tenantDigest } from '../../../src/core/identity/session-owner.js'
import { newSession } from '../../support/login-samples.js'
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
      `${by} tenant_added name:Acme`,
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
    await test.tenantSql(tenant, `insert into audit_checkpoint (document) values ('{}')`)
    const lines = await exported()
    const copy = await tenantDirectory.create({ slug: `copy-${count}`, name: 'Copy' }, by, from(lines))
    const dump = `select
      (select jsonb_agg(to_jsonb(a) order by a.id) from account a) as accounts,
      (select jsonb_agg(to_jsonb(r) order by r.role_id) from role_scope r) as bundles,
      (select jsonb_agg(to_jsonb(r)) from access_rule r) as rules,
      (select jsonb_agg(to_jsonb(e)::text order by e.id) from audit_event e where reason is distinct from 'restored') as events`
    expect(await test.tenantSql(copy, dump)).toEqual(await test.tenantSql(tenant, dump))
    const [ada] = await accounts.list(copy)
    expect(ada).toMatchObject({ email: 'ada@acme.test', grants })
    expect(await accounts.findPasswordHash(copy, ada?.id ?? '')).toBe('a hash')
    // New rows go on counting behind the old ones.
    await test.tenantSql(copy, `insert into audit_event (type, request_id) values ('list.served', 'later')`)
    await test.tenantSql(copy, `insert into audit_checkpoint (document) values ('{}')`)
    expect(lines[0]).not.toMatch(/audit_(outbox|adopted|cursor)/)
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

describe('a tenant that was made again', () => {
  it('has nothing that let anybody in before: no authorization, no session', async () => {
    const { issuerStorage, keys, sessions, tenantDirectory } = test.postgres
    const owner = { tenantId: tenant.id, issuer: undefined, subject: 'ada' }
    const record = { model: 'Grant', key: `grant-${count}`, payload: Buffer.from('x'), expiresIn: 600 }
    const rest = { grant: undefined, uid: undefined, userCode: undefined }
    await issuerStorage.upsert({ ...record, ...rest })
    await test.sql('update issuer_record set owner = $2, owner_tenant = $3 where key = $1', [
      record.key,
      ownerDigest(keys, owner),
      tenantDigest(keys, tenant.id),
    ])
    const session = newSession()
    await sessions.open(session)
    await test.sql('update transport_session set owner_tenant = $2 where digest = $1', [session.digest, tenant.id])
    const lines = await exported()
    await tenantDirectory.delete(tenant, by)
    await tenantDirectory.create({ slug: tenant.slug }, by, from(lines))
    expect(await issuerStorage.find('Grant', record.key)).toBeUndefined()
    expect(await sessions.find(session.digest)).toBeUndefined()
  })

  it('goes by its name, unless told another', async () => {
    const lines = await exported()
    await test.postgres.tenantDirectory.delete(tenant, by)
    const again = await test.postgres.tenantDirectory.create({ slug: tenant.slug }, by, from(lines))
    expect(again.name).toBe('Acme')
    expect((await test.postgres.tenantDirectory.find(tenant.slug))?.name).toBe('Acme')
  })

  it.each([
    ['without its end', (lines: readonly string[]) => lines.slice(0, -1)],
    ['of the header alone', (lines: readonly string[]) => lines.slice(0, 1)],
    ['without a line', (lines: readonly string[]) => lines.toSpliced(1, 1)],
    ['with a line twice', (lines: readonly string[]) => lines.toSpliced(1, 0, lines[1] ?? '')],
    ['with something behind its end', (lines: readonly string[]) => [...lines, lines[1] ?? '']],
  ])('is not made of an export %s', async (_how, change) => {
    await test.postgres.accounts.create(tenant, { email: 'ada@acme.test', grants: grantsOf({ roles: ['admin'] }) })
    const lines = change(await exported())
    await expect(test.postgres.tenantDirectory.create({ slug: `cut-${count}` }, by, from(lines))).rejects.toThrow(
      TypeError,
    )
    expect(await test.postgres.tenantDirectory.find(`cut-${count}`)).toBeUndefined()
  })
})

describe('what was left by somebody who was cut off while a tenant was made', () => {
  it('is removed by the next one who makes or migrates tenants, and nothing else is', async () => {
    const left = `tenant_left_${process.pid}_${count}`
    const id = '00000000-0000-4000-8000-000000000000'
    await test.databaseSql('postgres', `create database ${left}`)
    await test.databaseSql(
      'postgres',
      `comment on database ${left} is 'authsec tenant of "${test.masterDatabase}" ${id} left-${count}'`,
    )
    await test.databaseSql('postgres', `create role ${left}; comment on role ${left} is 'authsec tenant ${id}'`)
    const other = `tenant_others_${process.pid}_${count}`
    await test.databaseSql('postgres', `create database ${other}`)
    await test.databaseSql('postgres', `comment on database ${other} is 'authsec tenant of "another" ${id} left'`)
    await test.postgres.migrations.migrate()
    const names = await test.databaseSql('postgres', 'select datname from pg_database where datname in ($1, $2, $3)', [
      ...[left, other, tenant.database],
    ])
    expect(names.map((row) => row['datname']).toSorted()).toEqual([other, tenant.database].toSorted())
    expect(await test.databaseSql('postgres', 'select 1 from pg_roles where rolname = $1', [left])).toEqual([])
    await test.databaseSql('postgres', `drop database ${other}`)
  })
})
