import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { Client } from 'pg'
import { ConnectionPool } from '../../src/adapter/postgres/pool/connection-pool.js'
import type { Tenant } from '../../src/core/identity/tenant.js'
import { openTestPostgres, type TestPostgres } from '../support/postgres.js'

let test: TestPostgres
let acme: Tenant
let globex: Tenant
beforeAll(async () => {
  test = await openTestPostgres()
  acme = await test.postgres.provisioner.createTenant({ slug: 'acme', name: 'Acme' })
  globex = await test.postgres.provisioner.createTenant({ slug: 'globex', name: 'Globex' })
})
afterAll(() => test?.close())

interface Login {
  readonly database: string
  readonly role: string
  readonly password: string
}

/** What an attacker has who controls everything that serves one tenant. */
async function loginOf(tenant: Tenant): Promise<Login> {
  const [row] = await test.sql('select database_name, login_role, sealed_password from tenant where id = $1', [
    tenant.id,
  ])
  const role = String(row?.['login_role'])
  const sealed = row?.['sealed_password'] as Uint8Array
  const password = test.postgres.keys.open('tenant login', sealed, role).toString()
  return { database: String(row?.['database_name']), role, password }
}

async function attempt(login: Login, database: string, query: string): Promise<unknown> {
  const { host, port } = test.connection
  const client = new Client({ host, port, user: login.role, password: login.password, database })
  client.on('error', () => {})
  await client.connect()
  try {
    return (await client.query(query)).rows
  } finally {
    await client.end()
  }
}

async function inOwn(query: string): Promise<unknown> {
  const login = await loginOf(acme)
  return attempt(login, login.database, query)
}

function chain(kind: string, more = ''): string {
  return `values ('chain of an attacker', '${kind}', 'p', 'k', ''${more})`
}

describe('the login of a tenant', () => {
  it('enters the database of its tenant', async () => {
    expect(await inOwn('select count(*)::int as roles from role')).toEqual([{ roles: 0 }])
  })

  it('enters no other: not that of another tenant, master, the template, nor those of PostgreSQL', async () => {
    const login = await loginOf(acme)
    const other = await loginOf(globex)
    for (const database of [other.database, test.masterDatabase, 'postgres', 'template1']) {
      await expect(attempt(login, database, 'select 1')).rejects.toMatchObject({ code: '42501' })
    }
    await expect(attempt(login, 'authsec_template_tenant', 'select 1')).rejects.toMatchObject({ code: '55000' })
  })

  it('does not enter a master database that somebody else has made, once a server has used it', async () => {
    await test.databaseSql('postgres', `grant connect, temporary on database ${test.masterDatabase} to public`)
    await test.reopen()
    await expect(attempt(await loginOf(acme), test.masterDatabase, 'select 1')).rejects.toMatchObject({ code: '42501' })
  })

  it('is what serves requests, and not the role of the installation', async () => {
    await test.postgres.accounts.list(acme)
    const { database, role } = await loginOf(acme)
    const users = await test.sql(
      `select distinct usename from pg_stat_activity where datname = $1 and backend_type = 'client backend'`,
      [database],
    )
    expect(users).toEqual([{ usename: role }])
  })

  it.each([
    ['a table', 'create table own (id int)'],
    ['a temporary table', 'create temporary table own (id int)'],
    ['a function', `create function own() returns int language sql as 'select 1'`],
    ['a schema', 'create schema own'],
    ['a role', 'create role own superuser'],
    ['a database', 'create database own'],
    ['an extension', 'create extension plpgsql'],
  ])('makes no %s', async (_what, query) => {
    await expect(inOwn(query)).rejects.toMatchObject({ code: expect.stringMatching(/^(42501|42710)$/) })
  })

  it.each([
    ['switch off what counts changes', 'alter table account_role disable trigger all'],
    ['change how its own password is checked', 'alter role current_user superuser'],
    ['become the role of the installation', 'set role authsec'],
    ['count changes itself', 'update policy_version set version = 1'],
    ['say which migrations were taken', 'delete from schema_migration'],
    ['read files of the server', `copy role from '/etc/passwd'`],
    ['run programs on the server', `copy role to program 'true'`],
    ['end connections of others', `select pg_terminate_backend(pid) from pg_stat_activity where usename = 'authsec'`],
    ['read passwords', 'select * from pg_authid'],
  ])('may not %s', async (_what, query) => {
    await expect(inOwn(query)).rejects.toMatchObject({ code: '42501' })
  })

  it('adds to audit, and neither reads, changes nor removes what is there', async () => {
    await inOwn(`insert into audit_event (type, request_id) values ('operation.denied', 'r')`)
    expect(await test.tenantSql(acme, `select type from audit_event where request_id = 'r'`)).toHaveLength(1)
    for (const query of [
      'select * from audit_event',
      `update audit_event set type = 'operation.allowed'`,
      'delete from audit_event',
      'truncate audit_event',
    ]) {
      await expect(inOwn(query)).rejects.toMatchObject({ code: '42501' })
    }
    expect(await test.tenantSql(acme, `select type from audit_event where request_id = 'r'`)).toHaveLength(1)
  })

  it.each([
    ['number a row', `insert into audit_event (id, type, request_id) overriding system value values (-1, 'a', 'r')`],
    ['say that a row was erased', `insert into audit_event (type, request_id, erased_by) values ('a', 'r', 'e')`],
    ['seal an erasure', `insert into audit_event (type, request_id, erasure_seal) values ('a', 'r', '')`],
    ['make a checkpoint', `insert into audit_checkpoint (document) values ('{}')`],
    ['read checkpoints', 'select * from audit_checkpoint'],
    [
      'begin a chain in its middle',
      `insert into audit_chain (name, kind, place, key, mac, sequence) ${chain('server', ', 7')}`,
    ],
    ['anchor a chain', `insert into audit_chain (name, kind, place, key, mac, anchor_mac) ${chain('server', `, ''`)}`],
    [
      'say that there were rows without chains',
      `insert into audit_chain (name, kind, place, key, mac) ${chain('legacy')}`,
    ],
    ['forget what has left the outbox', 'delete from audit_adopted'],
    ['put a time on what waits', `insert into audit_outbox (row, mac, at) values ('{}', '', now())`],
  ])('of the trail may not %s', async (_what, query) => {
    await expect(inOwn(query)).rejects.toMatchObject({ code: '42501' })
  })

  it.each([
    ['a moment that is none', `insert into audit_event (type, request_id, at) values ('a', 'r', 'infinity')`],
    [
      'a time before there was a trail',
      `insert into audit_event (type, request_id, at) values ('a', 'r', '1999-01-01')`,
    ],
    [
      'a number that cannot be read',
      `insert into audit_event (type, request_id, chain, sequence, mac) values ('a', 'r', 'c', 9007199254740992, '')`,
    ],
    ['more than a row has', `insert into audit_outbox (row, mac) values (repeat('x', 262145), '')`],
    ['a chain beyond what can be counted', `update audit_chain set sequence = 9007199254740992`],
  ])('writes nothing into the trail that is %s', async (_what, query) => {
    await inOwn(`insert into audit_chain (name, kind, place, key, mac) ${chain('server')} on conflict do nothing`)
    await expect(inOwn(query)).rejects.toMatchObject({ code: '23514' })
  })

  it('stands before nothing that a function of the owner means', async () => {
    const definers = await test.tenantSql(
      acme,
      `select proname, proconfig from pg_proc where pronamespace = 'public'::regnamespace and prosecdef`,
    )
    expect(definers.length).toBeGreaterThan(3)
    for (const { proconfig } of definers) expect(proconfig).toEqual(['search_path=pg_catalog, public, pg_temp'])
  })

  it('changes what the tenant grants, which is counted', async () => {
    const versions = `select version::int from policy_version`
    const [before] = await test.tenantSql(acme, versions)
    await inOwn(`insert into role (name) values ('auditor')`)
    const [after] = await test.tenantSql(acme, versions)
    expect(Number(after?.['version'])).toBeGreaterThan(Number(before?.['version']))
  })

  it('has a password that is in no statement and nowhere in the database as it is', async () => {
    const { password, role } = await loginOf(acme)
    const rows = await test.databaseSql('postgres', 'select rolpassword from pg_authid where rolname = $1', [role])
    expect(String(rows[0]?.['rolpassword'])).toMatch(/^SCRAM-SHA-256\$/)
    const dump = JSON.stringify(await test.sql('select t::text, encode(sealed_password, $1) from tenant t', ['escape']))
    expect(dump).not.toContain(password)
  })
})

describe('a tenant of an older version, which has no login', () => {
  it('gets one when it is used next, one for all who ask at once', async () => {
    await test.sql('update tenant set login_role = null, sealed_password = null where id = $1', [globex.id])
    const processes = await Promise.all([1, 2, 3].map(() => test.reopen()))
    expect(await Promise.all(processes.map(({ accounts }) => accounts.list(globex)))).toEqual([[], [], []])
    const { database, role } = await loginOf(globex)
    expect(role).toBe(database)
  })

  it('is never given a role that belongs to something else', async () => {
    const initech = await test.postgres.provisioner.createTenant({ slug: 'initech', name: 'Initech' })
    const { database } = await loginOf(initech)
    await test.databaseSql('postgres', `comment on role ${database} is 'of somebody else'`)
    await test.sql('update tenant set login_role = null, sealed_password = null where id = $1', [initech.id])
    expect(await (await test.reopen()).accounts.list(initech)).toEqual([])
    const { role } = await loginOf(initech)
    expect(role).toMatch(new RegExp(`^${database}_[0-9a-f]{8}$`))
    for (const place of [database, 'postgres']) await test.databaseSql(place, `drop owned by ${role}`)
    await test.databaseSql('postgres', `drop role ${role}`)
  })
})

describe('a connection of one tenant', () => {
  it('carries nothing over to another, however few there may be', async () => {
    const [own, other] = [await loginOf(acme), await loginOf(globex)]
    const pool = new ConnectionPool({
      settings: test.connection,
      outage: 'TENANT_UNAVAILABLE',
      limits: { connections: 1, perDatabase: 1, waiting: 8 },
      times: { connect: 2000, wait: 2000, statement: 2000, query: 2500, idle: 30_000 },
    })
    const state = `select current_setting('authsec.marker', true) as marker, current_user as role,
      (select count(*)::int from pg_prepared_statements) as prepared`
    const first = await pool.acquire(own.database, own)
    await first.query(`select set_config('authsec.marker', 'of acme', false), $1::text`, ['prepared'])
    expect((await first.query(state, [])).rows).toEqual([{ marker: 'of acme', role: own.role, prepared: 1 }])
    first.release()
    const second = await pool.acquire(other.database, other)
    expect((await second.query(state, [])).rows).toEqual([{ marker: null, role: other.role, prepared: 0 }])
    second.release()
    await pool.close()
  })
})
