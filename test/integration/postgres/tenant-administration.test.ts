import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals'
import { Client } from 'pg'
import type { Administrator } from '../../../src/core/administration/tenant-administration.js'
import type { AccountWish, NameWish, Wish } from '../../../src/core/administration/wish.js'
import type { Tenant } from '../../../src/core/identity/tenant.js'
import { grantsOf, type Category } from '../../../src/core/permission/grants.js'
import { openTestPostgres, type Row, type TestPostgres } from '../../support/postgres.js'
import { until } from '../../support/until.js'

const by: Administrator = 'cli:ada'

let test: TestPostgres
let acme: Tenant
let tenants = 0

beforeAll(async () => {
  test = await openTestPostgres()
})
beforeEach(async () => {
  tenants += 1
  acme = await test.postgres.provisioner.createTenant({ slug: `acme-${tenants}`, name: 'Acme' })
})
afterAll(() => test?.close())

const name = (category: Category, text: string, rest: Partial<NameWish> = {}): NameWish => {
  return { kind: 'name', category, name: text, presence: 'present', ...rest }
}
const account = (email: string, rest: Partial<AccountWish> = {}): AccountWish => {
  return { kind: 'account', email, presence: 'present', ...rest }
}
const apply = (...wishes: readonly Wish[]) => test.postgres.tenantAdministration.apply(acme, wishes, by)
const grantsHeld = async (email: string) => (await test.postgres.accounts.findByEmail(acme, email))?.grants
const recorded = (): Promise<readonly Row[]> => {
  return test.tenantSql(acme, `select * from audit_event where type = 'admin.changed' order by id`)
}

async function databaseOf(tenant: Tenant): Promise<string> {
  const [row] = await test.sql('select database_name from tenant where id = $1', [tenant.id])
  return String(row?.['database_name'])
}

/** Roles, groups and scopes, and ana, who is an admin. */
async function populate(): Promise<void> {
  const { faults } = await apply(
    ...['read', 'write'].map((scope) => name('scopes', scope)),
    ...['admin', 'analyst'].map((role) => name('roles', role, { give: grantsOf({ scopes: ['write'] }) })),
    name('groups', 'ops', { give: grantsOf({ roles: ['admin'] }) }),
    account('ana@x.test', { give: grantsOf({ roles: ['admin'], scopes: ['read'] }) }),
    account('bob@x.test', { give: grantsOf({ groups: ['ops'] }) }),
  )
  expect(faults).toEqual([])
}

describe('what an administrator wants of a tenant', () => {
  it('is there afterwards, bundles and all, and nothing of it twice', async () => {
    await populate()
    expect(await grantsHeld('ana@x.test')).toMatchObject({ roles: ['admin'], scopes: ['read', 'write'] })
    expect(await grantsHeld('bob@x.test')).toMatchObject({ roles: ['admin'], groups: ['ops'], scopes: ['write'] })
    const [rows, version] = [await recorded(), await test.tenantSql(acme, 'select version from policy_version')]
    await populate()
    expect(await recorded()).toEqual(rows)
    expect(await test.tenantSql(acme, 'select version from policy_version')).toEqual(version)
  })

  it('is taken away again, from whatever held it', async () => {
    await populate()
    await apply(account('ana@x.test', { take: grantsOf({ roles: ['admin'] }) }))
    expect(await grantsHeld('ana@x.test')).toMatchObject({ roles: [], scopes: ['read'] })
    expect(await grantsHeld('bob@x.test')).toMatchObject({ roles: ['admin'] })
    await apply(name('roles', 'admin', { presence: 'known', take: grantsOf({ scopes: ['write'] }) }))
    expect(await grantsHeld('bob@x.test')).toMatchObject({ roles: ['admin'], scopes: [] })
    await apply(name('roles', 'admin', { presence: 'absent' }))
    expect(await grantsHeld('bob@x.test')).toMatchObject({ roles: [], groups: ['ops'] })
  })

  it('is on record with who, before and after', async () => {
    await populate()
    const before = (await recorded()).length
    await apply(account('ana@x.test', { give: grantsOf({ roles: ['analyst'] }), take: grantsOf({ scopes: ['read'] }) }))
    await apply(name('groups', 'ops', { presence: 'absent' }))
    expect((await recorded()).slice(before)).toMatchObject([
      {
        ...{ subject: 'cli:ada', issuer: null, reason: 'account_changed', count: 1 },
        detail: { before: ['scopes:read'], after: ['roles:analyst'] },
        personal: { account: 'ana@x.test' },
      },
      {
        reason: 'group_removed',
        detail: { name: 'ops', before: ['roles:admin'], after: [] },
        personal: { before: ['of account:bob@x.test'], after: [] },
      },
    ])
  })

  it('is on record whole, in as many rows as it takes', async () => {
    await populate()
    const emails = Array.from({ length: 250 }, (_, at) => `user${String(at).padStart(3, '0')}@x.test`)
    await apply(...emails.map((email) => account(email, { give: grantsOf({ roles: ['analyst'] }) })))
    await apply(name('roles', 'analyst', { presence: 'absent' }))
    const rows = (await recorded()).filter(({ reason }) => reason === 'role_removed')
    const words = rows.flatMap(({ detail, personal }) =>
      [detail, personal].flatMap((facts) => (facts as { readonly before: readonly string[] } | null)?.before ?? []),
    )
    expect(new Set(rows.map((row) => row['request_id'])).size).toBe(1)
    expect(words).toEqual(['scopes:write', ...emails.map((email) => `of account:${email}`)])
  })

  it('is refused whole where a part of it cannot be, and nothing is on record', async () => {
    await populate()
    const before = await recorded()
    const wishes = [name('scopes', 'new'), account('ana@x.test', { give: grantsOf({ roles: ['nope'] }) })]
    const refused = await apply(...wishes)
    expect(refused).toEqual({ changes: [], faults: [{ wish: 1, fault: 'there is no role nope' }] })
    expect(await test.postgres.tenantAdministration.rehearse(acme, wishes)).toEqual(refused)
    expect((await test.postgres.grants.readCatalogue(acme)).names.scopes).toEqual(['read', 'write'])
    expect(await recorded()).toEqual(before)
  })

  it('is not done where it cannot be on record', async () => {
    await test.tenantSql(acme, 'alter table audit_event add check (type is null) not valid')
    await expect(apply(name('scopes', 'new'))).rejects.toBeDefined()
    expect((await test.postgres.grants.readCatalogue(acme)).names.scopes).toEqual([])
  })

  it('is only told by a rehearsal', async () => {
    await populate()
    const wishes = [account('new@x.test', { give: grantsOf({ roles: ['admin'] }) }), name('roles', 'admin')]
    const rehearsed = await test.postgres.tenantAdministration.rehearse(acme, wishes)
    expect(await test.postgres.accounts.findByEmail(acme, 'new@x.test')).toBeUndefined()
    expect(await apply(...wishes)).toEqual(rehearsed)
  })

  it.each(['аdmin', 'ａｄｍｉｎ', 'admin\u200b', 'ADMIN', 'admin ', 'admı́n'.normalize('NFD')])(
    'is refused where %j is to be a new role beside admin',
    async (text) => {
      await populate()
      expect((await apply(name('roles', text))).faults).toHaveLength(1)
      expect((await test.postgres.grants.readCatalogue(acme)).names.roles).toEqual(['admin', 'analyst'])
    },
  )

  it('is refused in text that no database could hold', async () => {
    const wishes = [account('a\0@x.test', { presence: 'new' }), name('roles', 'a\0', { presence: 'absent' })]
    expect((await apply(...wishes, name('roles', '\ud800'))).faults.map(({ wish }) => wish)).toEqual([0, 1, 2])
  })

  it('changes how the tenant grants', async () => {
    await populate()
    await apply({ kind: 'access rule', rule: { signUp: 'everybody', grants: 'catalogue', signUpRoles: ['analyst'] } })
    const rule = { grants: 'catalogue', signUp: 'everybody', signUpDomains: [], signUpRoles: ['analyst'] }
    expect(await test.postgres.tenantAdministration.accessRule(acme)).toEqual(rule)
    await apply({ kind: 'access rule', rule: { grants: 'by issuer', signUpRoles: [] } })
    expect(await test.tenantSql(acme, 'select grants, sign_up from access_rule')).toEqual([
      { grants: null, sign_up: 'everybody' },
    ])
    expect(await test.tenantSql(acme, 'select * from sign_up_role')).toEqual([])
  })

  it('keeps the moment at which an account was disabled', async () => {
    await populate()
    await apply(account('ana@x.test', { status: 'disabled' }))
    const [before] = await test.tenantSql(acme, 'select disabled_at from account where disabled_at is not null')
    await apply(account('ana@x.test', { status: 'disabled', name: 'Ana' }))
    const [after] = await test.tenantSql(acme, 'select disabled_at, name from account where disabled_at is not null')
    expect(after).toEqual({ ...before, name: 'Ana' })
    await apply(account('ana@x.test', { status: 'active', password: { hash: 'h' } }))
    const query = `select disabled_at, name, password_hash from account where email = 'ana@x.test'`
    expect(await test.tenantSql(acme, query)).toEqual([{ disabled_at: null, name: 'Ana', password_hash: 'h' }])
  })
})

describe('an administrator', () => {
  it('tells every process of a change, and of nothing where nothing changed', async () => {
    const other = await test.reopen()
    other.changes.follow()
    await until(() => other.changes.alive)
    const heard: (string | undefined)[] = []
    other.changes.subscribe((tenant) => heard.push(tenant))
    await apply(name('scopes', 'read'))
    await until(() => heard.includes(acme.id))
    const told = heard.length
    await apply(name('scopes', 'read'))
    await apply(name('scopes', 'write'))
    await until(() => heard.length > told)
    expect(heard.length).toBe(told + 1)
  })

  it('takes turns with others: of many who add the same, one adds it', async () => {
    await populate()
    const all = await Promise.all(Array.from({ length: 6 }, () => apply(account('eve@x.test'))))
    expect(all.flatMap(({ changes }) => changes.map(({ action }) => action)).toSorted()).toEqual(
      ['added', ...Array.from({ length: 5 }, () => 'kept')].toSorted(),
    )
  })

  it('sees what plain SQL did at the same moment, and says what is true then', async () => {
    await populate()
    const database = await databaseOf(acme)
    const { host, port, user, password } = test.connection
    const plain = new Client({ host, port, user, password, database })
    await plain.connect()
    await plain.query(`begin; delete from role where name = 'analyst'`)
    const applied = apply(account('ana@x.test', { give: grantsOf({ roles: ['analyst'] }) }))
    const waiting = `select from pg_stat_activity where datname = $1 and wait_event_type = 'Lock'`
    await until(async () => (await test.sql(waiting, [database])).length > 0)
    await plain.query('commit')
    await plain.end()
    const outcome = await applied
    expect(outcome.faults).toEqual([{ wish: 0, fault: 'there is no role analyst' }])
    expect(await grantsHeld('ana@x.test')).toMatchObject({ roles: ['admin'] })
  })

  it('needs no more of the record than to add to it', async () => {
    await populate()
    const db = await databaseOf(acme)
    const role = `${test.masterDatabase}_writer`
    await test.sql(`create role ${role} login password 'writer'`)
    await test.sql(`grant select, insert, update, delete on all tables in schema public to ${role}`)
    for (const place of [db, test.masterDatabase]) await test.sql(`grant connect on database ${place} to ${role}`)
    await test.databaseSql(db, `grant select, insert, update, delete on all tables in schema public to ${role}`)
    await test.databaseSql(db, `revoke select, update, delete on audit_event from ${role}`)
    const own = await test.reopen({ connection: { ...test.connection, user: role, password: 'writer' } })
    const before = (await recorded()).length
    const give = grantsOf({ roles: ['analyst'] })
    const wishes = [
      account('ana@x.test', { give }),
      name('roles', 'new'),
      name('groups', 'ops', { presence: 'absent' }),
    ]
    const outcome = await own.tenantAdministration.apply(acme, wishes, by)
    expect(outcome.changes.map(({ action }) => action)).toEqual(['changed', 'added', 'removed'])
    expect(await recorded()).toHaveLength(before + 3)
    await own.close()
    await test.databaseSql(db, `drop owned by ${role}`)
    await test.sql(`drop owned by ${role}; drop role ${role}`)
  })
})

describe('who would miss a name', () => {
  it('is known by every way to hold it', async () => {
    await populate()
    const { tenantAdministration: administration } = test.postgres
    expect(await administration.findUsage(acme, 'scopes', 'write')).toMatchObject({
      accounts: ['ana@x.test', 'bob@x.test'],
      carriedBy: { roles: ['admin', 'analyst'], groups: [] },
    })
    expect(await administration.findUsage(acme, 'roles', 'admin')).toMatchObject({
      ...{ accounts: ['ana@x.test', 'bob@x.test'], carriedBy: { roles: [], groups: ['ops'] }, signUp: 'not given' },
      carries: grantsOf({ scopes: ['write'] }),
    })
    expect(await administration.findUsage(acme, 'groups', 'ops')).toMatchObject({ accounts: ['bob@x.test'] })
    expect(await administration.findUsage(acme, 'roles', 'ADMIN')).toBeUndefined()
    expect([...(await administration.countHolders(acme, 'roles'))]).toEqual([
      ['admin', 2],
      ['analyst', 0],
    ])
    expect([...(await administration.countHolders(acme, 'scopes'))]).toEqual([
      ['read', 1],
      ['write', 2],
    ])
  })
})
