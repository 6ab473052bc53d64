import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import type { Tenant } from '../../../src/core/identity/tenant.js'
import { grantsOf, noGrants } from '../../../src/core/permission/grants.js'
import { openTestPostgres, type TestPostgres } from '../../support/postgres.js'

let test: TestPostgres
let acme: Tenant
let globex: Tenant

beforeAll(async () => {
  test = await openTestPostgres()
  acme = await test.postgres.provisioner.createTenant({ slug: 'acme', name: 'Acme' })
  globex = await test.postgres.provisioner.createTenant({ slug: 'globex', name: 'Globex' })
})
afterAll(() => test?.close())

describe('create', () => {
  it('makes the account and the names it is granted, and finds it by id and by address', async () => {
    const { accounts } = test.postgres
    const grants = grantsOf({ roles: ['admin'], scopes: ['read', 'write'] })
    const created = await accounts.create(acme, { email: 'ann@acme.example', name: 'Ann', grants })
    expect(created).toEqual({ id: created.id, email: 'ann@acme.example', name: 'Ann', disabled: false, grants })
    expect(await accounts.find(acme, created.id)).toEqual(created)
    expect(await accounts.findByEmail(acme, 'ann@acme.example')).toEqual(created)
    expect(await test.tenantSql(acme, 'select name from scope order by name')).toEqual([
      { name: 'read' },
      { name: 'write' },
    ])
  })

  it('refuses an address that is taken and leaves nothing behind', async () => {
    const { accounts } = test.postgres
    await accounts.create(acme, { email: 'bob@acme.example', grants: noGrants })
    const again = accounts.create(acme, { email: 'bob@acme.example', grants: grantsOf({ roles: ['left-behind'] }) })
    await expect(again).rejects.toThrow(TypeError)
    expect(await test.tenantSql(acme, `select 1 from role where name = 'left-behind'`)).toEqual([])
  })

  it('keeps one of ten accounts with one address that are created at once', async () => {
    const attempts = Array.from({ length: 10 }, () =>
      test.postgres.accounts.create(acme, { email: 'race@acme.example', grants: grantsOf({ roles: ['x', 'y'] }) }),
    )
    const results = await Promise.allSettled(attempts)
    expect(results.filter(({ status }) => status === 'fulfilled')).toHaveLength(1)
  })

  it.each([
    ['a role of mixed scripts', { email: 'c1@acme.example', grants: grantsOf({ roles: ['\u0430dmin'] }) }],
    ['an invisible character in a group', { email: 'c2@acme.example', grants: grantsOf({ groups: ['a\u200b'] }) }],
    ['a scope with a space', { email: 'c3@acme.example', grants: grantsOf({ scopes: ['a b'] }) }],
    ['a decomposed resource', { email: 'c4@acme.example', grants: grantsOf({ resources: ['e\u0301'] }) }],
    ['a permission without action', { email: 'c5@acme.example', grants: grantsOf({ permissions: ['invoice'] }) }],
    ['an address without @', { email: 'acme.example', grants: noGrants }],
    ['an address with NUL', { email: 'c6\0@acme.example', grants: noGrants }],
    ['an address with a newline', { email: 'c6@acme.example\n', grants: noGrants }],
    ['a name with NUL', { email: 'c7@acme.example', name: 'A\0', grants: noGrants }],
  ])('refuses %s', async (_what, account) => {
    const before = await test.postgres.accounts.list(acme)
    await expect(test.postgres.accounts.create(acme, account)).rejects.toThrow(TypeError)
    expect(await test.postgres.accounts.list(acme)).toEqual(before)
  })
})

describe('look-up', () => {
  it('is byte-exact on the address', async () => {
    await test.postgres.accounts.create(acme, { email: 'Dan@acme.example', grants: noGrants })
    for (const email of ['dan@acme.example', 'Dan@acme.example ', 'Dan@acme.example\0', '%@acme.example', '']) {
      expect(await test.postgres.accounts.findByEmail(acme, email)).toBeUndefined()
    }
  })

  it("does not see another tenant's accounts", async () => {
    const { accounts } = test.postgres
    const { id, email } = await accounts.create(acme, { email: 'eve@acme.example', grants: noGrants })
    expect(await accounts.find(globex, id)).toBeUndefined()
    expect(await accounts.findByEmail(globex, email)).toBeUndefined()
    expect(await accounts.list(globex)).toEqual([])
  })

  it('lists accounts by address', async () => {
    for (const email of ['z@globex.example', 'a@globex.example', 'B@globex.example']) {
      await test.postgres.accounts.create(globex, { email, grants: noGrants })
    }
    const listed = await test.postgres.accounts.list(globex)
    expect(listed.map(({ email }) => email)).toEqual(['B@globex.example', 'a@globex.example', 'z@globex.example'])
  })
})

describe('password hashes', () => {
  it('are kept and replaced, and absent until set', async () => {
    const { accounts } = test.postgres
    const { id } = await accounts.create(acme, { email: 'pw@acme.example', passwordHash: 'hash 1', grants: noGrants })
    const bare = await accounts.create(acme, { email: 'bare@acme.example', grants: noGrants })
    expect(await accounts.findPasswordHash(acme, id)).toBe('hash 1')
    expect(await accounts.findPasswordHash(acme, bare.id)).toBeUndefined()
    await accounts.setPasswordHash(acme, id, 'hash 2')
    expect(await accounts.findPasswordHash(acme, id)).toBe('hash 2')
  })

  it('are none for an id that is no account', async () => {
    const { accounts } = test.postgres
    for (const id of ['', 'x', '00000000-0000-0000-0000-000000000000']) {
      expect(await accounts.findPasswordHash(acme, id)).toBeUndefined()
      await expect(accounts.setPasswordHash(acme, id, 'hash')).rejects.toThrow(TypeError)
    }
  })
})
