import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { Client } from 'pg'
import type { Tenant } from '../../../src/core/identity/tenant.js'
import { UpstreamError } from '../../../src/core/error/upstream-error.js'
import { grantsOf } from '../../../src/core/permission/grants.js'
import { openTestPostgres, ownIssuer, type Row, type TestPostgres } from '../../support/postgres.js'
import { until } from '../../support/until.js'

let test: TestPostgres
let acme: Tenant
let globex: Tenant
let accounts: ReadonlyMap<Tenant, string>

beforeAll(async () => {
  test = await openTestPostgres()
  const { accounts: store, provisioner } = test.postgres
  acme = await provisioner.createTenant({ slug: 'acme', name: 'Acme' })
  globex = await provisioner.createTenant({ slug: 'globex', name: 'Globex' })
  const made = [acme, globex].map(async (tenant): Promise<readonly [Tenant, string]> => {
    const grants = grantsOf({ roles: ['reader'] })
    return [tenant, (await store.create(tenant, { email: `sam@${tenant.slug}.example`, grants })).id]
  })
  accounts = new Map(await Promise.all(made))
})
afterAll(() => test?.close())

/** In the tenant's own database, as whoever has the tenant's login. */
async function asLoginOf<Value>(tenant: Tenant, work: (client: Client) => Promise<Value>): Promise<Value> {
  const columns = 'database_name, login_role, sealed_password'
  const [row] = await test.sql(`select ${columns} from tenant where id = $1`, [tenant.id])
  const user = String(row?.['login_role'])
  const password = test.postgres.keys.open('tenant login', row?.['sealed_password'] as Uint8Array, user).toString()
  const { host, port } = test.connection
  const client = new Client({ host, port, user, password, database: String(row?.['database_name']) })
  client.on('error', () => undefined)
  await client.connect()
  try {
    return await work(client)
  } finally {
    await client.end()
  }
}

const inAcme = (query: string, parameters: readonly unknown[] = []): Promise<readonly Row[]> =>
  asLoginOf(acme, async (client) => (await client.query<Row>(query, [...parameters])).rows)

const standingOf = (tenant: Tenant) => test.postgres.grants.findStanding(tenant, ownIssuer, accounts.get(tenant) ?? '')

describe('whoever has the login of one tenant', () => {
  it('tells nobody of changes, and hears of none: the channel is master’s, by whatever name it is called', async () => {
    const follower = await test.reopen()
    const heard: (string | undefined)[] = []
    follower.changes.subscribe((tenantId) => heard.push(tenantId))
    follower.changes.follow()
    await until(() => follower.changes.alive)
    heard.length = 0
    await asLoginOf(acme, async (client) => {
      const overheard: unknown[] = []
      client.on('notification', (message) => overheard.push(message.payload))
      await client.query('listen authsec_policy')
      // Its own ear hears its own voice, so that silence below means something.
      await client.query(`select pg_notify('authsec_policy', $1)`, [globex.id])
      await until(() => overheard.length === 1)
      await test.postgres.changes.publish(acme)
      await until(() => heard.includes(acme.id))
      await client.query('select 1')
      expect(overheard).toEqual([globex.id])
    })
    expect(heard).not.toContain(globex.id)
  })

  it('gives nobody a thing by a role that is called like one of the platform', async () => {
    const names = ['authsec', 'postgres', 'pg_read_all_data', 'superuser', 'platform-admin', `tenant:${globex.id}`, '*']
    for (const name of names) {
      await inAcme('insert into role (name) values ($1)', [name])
      await inAcme('insert into account_role select $1, id from role where name = $2', [accounts.get(acme), name])
    }
    expect((await standingOf(acme)).account?.grants.roles).toEqual(expect.arrayContaining(names))
    expect((await standingOf(globex)).account?.grants.roles).toEqual(['reader'])
    const [self] = await inAcme(
      `select rolsuper or rolcreatedb or rolcreaterole or rolbypassrls as powers,
         (select count(*)::int from pg_auth_members where member = r.oid) as memberships
       from pg_roles r where rolname = current_user`,
    )
    expect(self).toEqual({ powers: false, memberships: 0 })
  })

  it.each([
    ['takes the role of another tenant', 'set role "%"'],
    ['takes its session', 'set session authorization "%"'],
    ['joins it', 'grant "%" to current_user'],
    ['changes its password', `alter role "%" password 'known'`],
    ['locks it out', 'alter role "%" nologin'],
    ['changes its settings', `alter role "%" set search_path = 'evil'`],
    ['ends its connections', `select pg_terminate_backend(pid) from pg_stat_activity where usename = '%'`],
    ['gives its own database away', 'alter database "@" owner to "%"'],
    ['lets it in', 'grant connect on database "@" to "%"; set role "%"'],
    ['reads a folder of the server', `select pg_ls_dir('.')`],
    ['reads a file of the server', `select pg_read_file('pg_hba.conf')`],
    ['imports a file of the server', `select lo_import('/etc/passwd')`],
    ['changes the server', `alter system set log_statement = 'all'`],
    ['sets what only the server may', 'set session_replication_role = replica'],
    ['switches off what counts changes', 'drop trigger policy_version on role'],
    ['reloads the server', 'select pg_reload_conf()'],
  ])('never %s', async (_what, query) => {
    await standingOf(globex)
    const [own] = await test.sql('select database_name from tenant where id = $1', [acme.id])
    const [other] = await test.sql('select login_role from tenant where id = $1', [globex.id])
    const named = query.replaceAll('%', String(other?.['login_role'])).replaceAll('@', String(own?.['database_name']))
    const code = expect.stringMatching(/^(42501|42704)$/)
    await expect(inAcme(named)).rejects.toMatchObject({ code })
    expect((await standingOf(globex)).account?.email).toBe('sam@globex.example')
  })

  it('sees that others are connected, and nothing of what they ask', async () => {
    await standingOf(globex)
    const seen = await inAcme(`select query from pg_stat_activity where datname is distinct from current_database()`)
    expect(seen.length).toBeGreaterThan(0)
    for (const { query } of seen) expect(['<insufficient privilege>', '']).toContain(query)
  })

  it('harms itself at most, with the settings of its own role', async () => {
    await inAcme(`alter role current_user set search_path = 'pg_temp'`)
    await inAcme('alter role current_user set default_transaction_read_only = on')
    const fresh = await test.reopen()
    expect((await fresh.grants.findStanding(globex, ownIssuer, accounts.get(globex) ?? '')).account).toBeDefined()
    const own = await fresh.grants
      .findStanding(acme, ownIssuer, accounts.get(acme) ?? '')
      .catch((error: unknown) => error)
    if (own instanceof Error) expect(own).toBeInstanceOf(UpstreamError)
    await inAcme('begin read write; alter role current_user reset all; commit')
    expect(
      (await (await test.reopen()).grants.findStanding(acme, ownIssuer, accounts.get(acme) ?? '')).account,
    ).toBeDefined()
  })

  it('harms itself at most, with rows that are huge and many', async () => {
    await inAcme(`update account set name = repeat('x', 5000000)`)
    await inAcme(`insert into role (name) select 'role-' || n from generate_series(1, 20000) n`)
    await inAcme('insert into account_role select $1, id from role on conflict do nothing', [accounts.get(acme)])
    const own = standingOf(acme).catch((error: unknown) => error)
    const others = await Promise.all(Array.from({ length: 20 }, () => standingOf(globex)))
    for (const { account } of others) expect(account?.grants.roles).toEqual(['reader'])
    const outcome = await own
    if (outcome instanceof Error) expect(outcome).toBeInstanceOf(UpstreamError)
  }, 60_000)
})
