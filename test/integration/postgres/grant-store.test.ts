import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import type { Tenant } from '../../../src/core/identity/tenant.js'
import { grantsOf, noGrants, type Grants } from '../../../src/core/permission/grants.js'
import { openTestPostgres, ownIssuer, type TestPostgres } from '../../support/postgres.js'

let test: TestPostgres
let acme: Tenant
let globex: Tenant

beforeAll(async () => {
  test = await openTestPostgres()
  const { provisioner } = test.postgres
  acme = await provisioner.createTenant({ slug: 'acme', name: 'Acme' })
  globex = await provisioner.createTenant({ slug: 'globex', name: 'Globex' })
})
afterAll(() => test?.close())

let accounts = 0
async function newAccount(grants: Partial<Grants>): Promise<string> {
  accounts += 1
  const email = `user${accounts}@acme.example`
  return (await test.postgres.accounts.create(acme, { email, grants: grantsOf(grants) })).id
}

async function grantsFor(id: string): Promise<Grants | undefined> {
  return (await test.postgres.grants.findStanding(acme, ownIssuer, id)).account?.grants
}

/** As an administrator would with plain SQL: `link('role_scope', 'role', 'auditor', 'scope', 'read')`. */
async function link(from: string, fromName: string, to: string, toName: string): Promise<void> {
  const table = `${from.replace('user_', '')}_${to}`
  for (const [kind, name] of [
    [from, fromName],
    [to, toName],
  ]) {
    await test.tenantSql(acme, `insert into ${kind} (name) values ($1) on conflict do nothing`, [name])
  }
  await test.tenantSql(
    acme,
    `insert into ${table} select f.id, t.id from ${from} f, ${to} t where f.name = $1 and t.name = $2`,
    [fromName, toName],
  )
}

describe('what an account is granted', () => {
  it('is nothing for an account without assignments', async () => {
    expect(await grantsFor(await newAccount({}))).toEqual(noGrants)
  })

  it('is what it is assigned, in each category, in the order of bytes', async () => {
    const grants: Grants = {
      roles: ['b', 'B', 'a'],
      groups: ['g2', 'g1'],
      scopes: ['write', 'read'],
      resources: ['production', 'Ä'],
      permissions: ['invoice:void', 'invoice:read'],
    }
    expect(await grantsFor(await newAccount(grants))).toEqual({
      roles: ['B', 'a', 'b'],
      groups: ['g1', 'g2'],
      scopes: ['read', 'write'],
      resources: ['production', 'Ä'],
      permissions: ['invoice:read', 'invoice:void'],
    })
  })

  it('includes what a role of its own carries', async () => {
    await link('role', 'auditor', 'scope', 'audit')
    await link('role', 'auditor', 'resource', 'ledger')
    await link('role', 'auditor', 'permission', 'ledger:read')
    expect(await grantsFor(await newAccount({ roles: ['auditor'] }))).toEqual({
      roles: ['auditor'],
      groups: [],
      scopes: ['audit'],
      resources: ['ledger'],
      permissions: ['ledger:read'],
    })
    expect(await grantsFor(await newAccount({ roles: ['bystander'] }))).toEqual(grantsOf({ roles: ['bystander'] }))
  })

  it("includes a group's roles and what those carry", async () => {
    await link('user_group', 'finance', 'role', 'bookkeeper')
    await link('role', 'bookkeeper', 'scope', 'book')
    await link('role', 'bookkeeper', 'permission', 'book:write')
    expect(await grantsFor(await newAccount({ groups: ['finance'] }))).toEqual({
      roles: ['bookkeeper'],
      groups: ['finance'],
      scopes: ['book'],
      resources: [],
      permissions: ['book:write'],
    })
    expect(await grantsFor(await newAccount({ groups: ['sales'] }))).toEqual(grantsOf({ groups: ['sales'] }))
  })

  it('names once what is granted directly, by a role and by the role of a group', async () => {
    await link('user_group', 'everyone', 'role', 'reader')
    await link('role', 'reader', 'scope', 'see')
    const id = await newAccount({ roles: ['reader'], groups: ['everyone'], scopes: ['see'] })
    expect(await grantsFor(id)).toEqual(grantsOf({ roles: ['reader'], groups: ['everyone'], scopes: ['see'] }))
  })

  it("is untouched by other accounts' assignments and by names that nobody holds", async () => {
    await newAccount({ roles: ['owner'], scopes: ['everything'] })
    await link('role', 'unheld', 'scope', 'unheld')
    expect(await grantsFor(await newAccount({ roles: ['guest'] }))).toEqual(grantsOf({ roles: ['guest'] }))
  })

  it('changes with the next read when plain SQL revokes a role', async () => {
    const id = await newAccount({ roles: ['operator'] })
    await test.tenantSql(acme, `delete from role where name = 'operator'`)
    expect(await grantsFor(id)).toEqual(noGrants)
  })
})

describe('which account a token speaks for', () => {
  it('is the one whose id is the subject', async () => {
    const { id, email } = await test.postgres.accounts.create(acme, {
      email: 'ann@acme.example',
      name: 'Ann',
      grants: noGrants,
    })
    expect((await test.postgres.grants.findStanding(acme, ownIssuer, id)).account).toEqual({
      id,
      email,
      name: 'Ann',
      disabled: false,
      grants: noGrants,
    })
  })

  it('is marked disabled once disabled_at is set', async () => {
    const id = await newAccount({ roles: ['admin'] })
    await test.tenantSql(acme, 'update account set disabled_at = now() where id = $1', [id])
    expect((await test.postgres.grants.findStanding(acme, ownIssuer, id)).account).toMatchObject({ disabled: true })
  })

  it('is none in the database of another tenant', async () => {
    const id = await newAccount({ roles: ['admin'] })
    expect((await test.postgres.grants.findStanding(globex, ownIssuer, id)).account).toBeUndefined()
  })

  it('is none for a subject of another issuer', async () => {
    const id = await newAccount({ roles: ['admin'] })
    expect((await test.postgres.grants.findStanding(acme, 'https://other.example', id)).account).toBeUndefined()
  })

  it('is none for a subject that is not byte for byte an id', async () => {
    const id = await newAccount({ roles: ['admin'] })
    const subjects = [
      ...[
        '',
        'ann',
        '%',
        '_',
        `${id}\0`,
        `\0${id}`,
        `${id}\n`,
        ` ${id}`,
        `{${id}}`,
        id.toUpperCase(),
        id.replaceAll('-', ''),
      ],
      ...["' or true --", 'a'.repeat(100_000), '\ud800', '00000000-0000-0000-0000-000000000000'],
    ].filter((subject) => subject !== id)
    for (const subject of subjects) {
      expect((await test.postgres.grants.findStanding(acme, ownIssuer, subject)).account).toBeUndefined()
    }
  })

  it('is unknown while the tenant has no database, which is an outage and not an answer', async () => {
    const nobody: Tenant = { id: '00000000-0000-4000-8000-000000000000', slug: 'acme', name: 'Acme' }
    const id = await newAccount({})
    await expect(test.postgres.grants.findStanding(nobody, ownIssuer, id)).rejects.toMatchObject({
      code: 'ERR_TENANT_UNAVAILABLE',
    })
  })
})
