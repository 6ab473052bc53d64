import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import type { Tenant } from '../../../src/core/identity/tenant.js'
import { grantsOf } from '../../../src/core/permission/grants.js'
import { openTestPostgres, type TestPostgres } from '../../support/postgres.js'

let test: TestPostgres
let acme: Tenant
let globex: Tenant
let ann: string

beforeAll(async () => {
  test = await openTestPostgres()
  const { accounts, provisioner } = test.postgres
  acme = await provisioner.createTenant({ slug: 'acme', name: 'Acme' })
  globex = await provisioner.createTenant({ slug: 'globex', name: 'Globex' })
  const everything = { roles: ['r'], groups: ['g'], scopes: ['s'], resources: ['x'], permissions: ['p:q'] }
  ann = (await accounts.create(acme, { email: 'ann@acme.example', grants: grantsOf(everything) })).id
  await test.tenantSql(acme, `insert into account_identity values ('https://idp.example', 'ann', $1)`, [ann])
  for (const [table, from, to] of [
    ['group_role', 'user_group', 'role'],
    ['role_scope', 'role', 'scope'],
    ['role_resource', 'role', 'resource'],
    ['role_permission', 'role', 'permission'],
  ]) {
    await test.tenantSql(acme, `insert into ${table} select f.id, t.id from ${from} f, ${to} t`)
  }
  await test.tenantSql(acme, 'insert into sign_up_role select id from role')
})
afterAll(() => test?.close())

const version = (tenant = acme) => test.postgres.grants.policyVersion(tenant)
const number = async () => Number((await version()).split('.')[0])

async function expectChange(query: string): Promise<void> {
  const before = await version()
  await test.tenantSql(acme, query)
  expect(await version()).not.toBe(before)
}

const deciding = [
  ...['role', 'user_group', 'scope', 'resource', 'permission'],
  ...['account_role', 'account_group', 'account_scope', 'account_resource', 'account_permission'],
  ...['group_role', 'role_scope', 'role_resource', 'role_permission', 'sign_up_role', 'account_identity'],
]

describe('the policy version', () => {
  it.each(deciding)('is another after plain SQL has changed %s, by a row or altogether', async (table) => {
    const first = await version()
    // Takes a row out and puts it back, so that the next table has something to lose, too.
    await test.tenantSql(acme, `with gone as (delete from ${table} where false returning *) select * from gone`)
    expect(await version()).toBe(first)
    const rows = await test.tenantSql(acme, `select to_jsonb(t) as row from ${table} t limit 1`)
    expect(rows).toHaveLength(1)
    await test.tenantSql(acme, `update ${table} set ${firstColumn(rows[0]?.['row'])}`)
    const second = await version()
    expect(second).not.toBe(first)
    await test.tenantSql(
      acme,
      `do $$ begin truncate ${table} cascade; raise exception 'undone'; exception when others then null; end $$`,
    )
    expect(await version()).toBe(second)
    await test.databaseSql(await databaseOf(acme), `begin; truncate ${table} cascade; rollback`)
    expect(await version()).toBe(second)
  })

  it('is another after an account is disabled, made or taken away, and not after its password is set', async () => {
    await expectChange(`insert into account (email) values ('bob@acme.example')`)
    await expectChange(`update account set disabled_at = now() where email = 'bob@acme.example'`)
    await expectChange(`update account set name = 'Bob' where email = 'bob@acme.example'`)
    await expectChange(`delete from account where email = 'bob@acme.example'`)
    const last = await version()
    await test.postgres.accounts.setPasswordHash(acme, ann, 'hash')
    await test.tenantSql(acme, `update account set password_hash = null`)
    expect(await version()).toBe(last)
  })

  it('is another however an account comes to be another one', async () => {
    await expectChange(`insert into account (email) values ('carl@acme.example')`)
    await expectChange(`update account set id = gen_random_uuid() where email = 'carl@acme.example'`)
    await test.tenantSql(
      acme,
      `create function shut() returns trigger language plpgsql as $$ begin new.disabled_at = now(); return new; end $$`,
    )
    await test.tenantSql(acme, `create trigger shut before update on account for each row execute function shut()`)
    await expectChange(`update account set password_hash = 'x' where email = 'carl@acme.example'`)
    await test.tenantSql(acme, 'drop trigger shut on account')
    await expectChange(`set session_replication_role = replica; delete from account where email = 'carl@acme.example'`)
    await expectChange(`set session_replication_role = replica; truncate account_group`)
  })

  it('is another after the rules of the tenant have changed', async () => {
    const first = await version()
    await test.tenantSql(acme, `update access_rule set sign_up = 'everybody'`)
    expect(await version()).not.toBe(first)
    await test.tenantSql(acme, `update access_rule set sign_up = 'nobody'`)
  })

  it('counts a transaction once, however much it changes', async () => {
    const before = await number()
    await test.databaseSql(
      await databaseOf(acme),
      `begin; insert into role (name) select 'bulk ' || n from generate_series(1, 2000) n; delete from role where name like 'bulk %'; commit`,
    )
    expect(await number()).toBe(before + 1)
  })

  it('counts what a transaction changes after it has gone back to a savepoint', async () => {
    const before = await number()
    await test.databaseSql(
      await databaseOf(acme),
      `begin; savepoint here; set constraints all immediate; insert into role (name) values ('lost');
       rollback to here; set constraints all immediate; insert into role (name) values ('kept'); commit`,
    )
    expect(await number()).toBe(before + 1)
  })

  it('counts what a transaction changes, whatever settings say', async () => {
    const before = await number()
    const database = await databaseOf(acme)
    await test.databaseSql(
      database,
      `begin; select set_config('authsec.counted_in', pg_current_xact_id()::text, true); insert into role (name) values ('set'); commit`,
    )
    expect(await number()).toBe(before + 1)
  })

  it('counts a transaction whose number came back with a backup', async () => {
    const before = await number()
    await test.databaseSql(
      await databaseOf(acme),
      `begin; update policy_version set counted_in = pg_current_xact_id(), counted_since = '2001-01-01'; insert into role (name) values ('restored'); commit`,
    )
    expect(await number()).toBe(before + 1)
  })

  it('counts every transaction of a connection', async () => {
    const before = await number()
    await test.databaseSql(
      await databaseOf(acme),
      `begin; insert into role (name) values ('one'); commit; begin; insert into role (name) values ('two'); commit`,
    )
    expect(await number()).toBe(before + 2)
  })

  it('is as it was after a transaction that was rolled back', async () => {
    const before = await version()
    await test.databaseSql(await databaseOf(acme), `begin; delete from account_role; rollback`)
    expect(await version()).toBe(before)
  })

  it('is another after a truncation', async () => {
    const before = await version()
    await test.tenantSql(acme, 'truncate account_scope')
    expect(await version()).not.toBe(before)
  })

  it('of one tenant is not touched by another', async () => {
    const before = await version(globex)
    await test.tenantSql(acme, `insert into role (name) values ('only here')`)
    expect(await version(globex)).toBe(before)
  })

  it('counts every one of many transactions at once, without one waiting for another for good', async () => {
    const before = await number()
    const database = await databaseOf(acme)
    await Promise.all(
      Array.from({ length: 12 }, (_, n) =>
        test.databaseSql(
          database,
          n % 2 === 0
            ? `begin; update role set name = name where name = 'r'; update account set name = 'A' where id = '${ann}'; commit`
            : `begin; insert into role (name) values ('parallel ${n}'); update user_group set name = name; commit`,
        ),
      ),
    )
    expect(await number()).toBe(before + 12)
  })

  it('that is lost is an outage, not a permission', async () => {
    await test.tenantSql(globex, 'delete from policy_version')
    await expect(version(globex)).rejects.toMatchObject({ code: 'ERR_TENANT_UNAVAILABLE' })
    await expect(test.postgres.grants.findStanding(globex, 'https://issuer.example', ann)).rejects.toMatchObject({
      code: 'ERR_TENANT_UNAVAILABLE',
    })
  })
})

/** A change of a row that leaves it as it is. */
function firstColumn(row: unknown): string {
  const [column = ''] = Object.keys(Object(row))
  return `${column} = ${column}`
}

async function databaseOf(tenant: Tenant): Promise<string> {
  const [row] = await test.sql('select database_name from tenant where id = $1', [tenant.id])
  return String(row?.['database_name'])
}
