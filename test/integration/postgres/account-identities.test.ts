import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals'
import { Client } from 'pg'
import type { AccountWish, Wish } from '../../../src/core/administration/wish.js'
import type { Tenant } from '../../../src/core/identity/tenant.js'
import { openTestPostgres, type TestPostgres } from '../../support/postgres.js'
import { until } from '../../support/until.js'

const idp = 'https://idp.example'
const other = 'https://other.example'
const anas = { issuer: idp, subject: 'ana' }

let test: TestPostgres
let acme: Tenant
let globex: Tenant
let tenants = 0

beforeAll(async () => {
  test = await openTestPostgres()
})
beforeEach(async () => {
  tenants += 1
  const { provisioner } = test.postgres
  acme = await provisioner.createTenant({ slug: `acme-${tenants}`, name: 'Acme' })
  globex = await provisioner.createTenant({ slug: `globex-${tenants}`, name: 'Globex' })
  for (const tenant of [acme, globex]) expect((await apply(tenant, account('ana'), account('bob'))).faults).toEqual([])
})
afterAll(() => test?.close())

const account = (who: string, rest: Partial<AccountWish> = {}): AccountWish => {
  return { kind: 'account', email: `${who}@x.test`, presence: 'present', ...rest }
}
const apply = (tenant: Tenant, ...wishes: readonly Wish[]) =>
  test.postgres.tenantAdministration.apply(tenant, wishes, 'cli:ada')
const forget: Wish = { kind: 'forget identity', identity: anas }
/** The account that a token of that issuer and subject is, or why it is none. */
async function whois(tenant: Tenant, issuer = idp, subject = 'ana'): Promise<string> {
  const { account: found, signUp } = await test.postgres.grants.findStanding(tenant, issuer, subject)
  return found?.email ?? (signUp.admits === 'everybody' ? 'signs up' : 'nobody')
}
const reasons = async (tenant: Tenant) => {
  const rows = await test.tenantSql(
    tenant,
    `select reason, detail, personal from audit_event where type = 'admin.changed' order by id`,
  )
  return rows.map(({ detail, personal, reason }) => ({ reason, ...(detail as object), ...(personal as object | null) }))
}

describe('whom an issuer knows an account as', () => {
  it('counts from the moment it is said until it is taken back, in that tenant and by that issuer alone', async () => {
    expect(await whois(acme)).toBe('nobody')
    await apply(acme, account('ana', { identify: [anas] }))
    expect(await whois(acme)).toBe('ana@x.test')
    expect(await whois(globex)).toBe('nobody')
    expect(await whois(acme, other)).toBe('nobody')
    expect(await whois(acme, idp, 'Ana')).toBe('nobody')
    await apply(acme, account('ana', { forsake: [anas] }))
    expect(await whois(acme)).toBe('nobody')
  })

  it('is on record with the change, and not where nothing changed', async () => {
    const before = (await reasons(acme)).length
    for (let time = 0; time < 2; time += 1) await apply(acme, account('ana', { identify: [anas] }))
    await apply(acme, account('ana', { forsake: [anas] }))
    await apply(acme, forget)
    const word = `identity:ana of ${idp}`
    expect((await reasons(acme)).slice(before)).toMatchObject([
      { reason: 'account_changed', account: 'ana@x.test', before: [], after: [word] },
      { reason: 'account_changed', account: 'ana@x.test', before: [word], after: [] },
      { reason: 'identity_removed', account: `ana of ${idp}`, before: ['shut out'], after: [] },
    ])
  })

  it('is another account’s in another tenant', async () => {
    await apply(acme, account('ana', { identify: [anas] }))
    expect((await apply(globex, account('bob', { identify: [anas] }))).faults).toEqual([])
    expect([await whois(acme), await whois(globex)]).toEqual(['ana@x.test', 'bob@x.test'])
  })

  it('is not two accounts of a tenant', async () => {
    await apply(acme, account('ana', { identify: [anas] }))
    expect(await apply(acme, account('bob', { identify: [anas], name: 'Bob' }))).toEqual({
      changes: [],
      faults: [{ wish: 0, fault: `ana of ${idp} is the account ana@x.test` }],
    })
    expect(await whois(acme)).toBe('ana@x.test')
  })

  it('is not two accounts of a tenant, whoever else says so at the same moment', async () => {
    const plain = await connectTo(acme)
    await plain.query('begin')
    await plain.query(`insert into account_identity select $1, 'ana', id from account where email = 'bob@x.test'`, [
      idp,
    ])
    const applied = apply(acme, account('ana', { identify: [anas] }))
    await untilWaiting(acme)
    await plain.query('commit')
    await plain.end()
    expect((await applied).faults).toEqual([{ wish: 0, fault: `ana of ${idp} is the account bob@x.test` }])
    const outcomes = await Promise.all(['ana', 'bob'].map((who) => apply(globex, account(who, { identify: [anas] }))))
    expect(outcomes.flatMap(({ faults }) => faults)).toHaveLength(1)
  })

  it('is listed with the accounts, and so is who is shut out', async () => {
    const second = { issuer: other, subject: '"x", y' }
    await apply(
      acme,
      account('ana', { identify: [second, anas] }),
      account('bob', { identify: [{ ...anas, subject: 'b' }] }),
    )
    await apply(acme, account('bob', { presence: 'absent' }))
    const { tenantAdministration: administration } = test.postgres
    expect(await administration.identities(acme)).toEqual([
      { ...anas, email: 'ana@x.test' },
      { issuer: idp, subject: 'b', email: undefined },
      { ...second, email: 'ana@x.test' },
    ])
    expect(await administration.identities(acme, 'bob@x.test')).toEqual([])
    expect((await administration.accounts(acme)).map(({ identities }) => identities)).toEqual([[anas, second]])
  })
})

describe('who was an account, where users enter without one', () => {
  beforeEach(() => apply(acme, { kind: 'access rule', rule: { signUp: 'everybody' } }))

  it('stays shut out until that is forgotten', async () => {
    expect(await whois(acme)).toBe('signs up')
    await apply(acme, account('ana', { identify: [anas] }))
    expect((await apply(acme, forget)).faults).toHaveLength(1)
    await apply(acme, account('ana', { forsake: [anas] }))
    expect([await whois(acme), await whois(acme, other)]).toEqual(['nobody', 'signs up'])
    expect((await apply(acme, forget)).faults).toEqual([])
    expect(await whois(acme)).toBe('signs up')
  })

  it('can be an account again', async () => {
    await apply(acme, account('ana', { identify: [anas] }))
    await apply(acme, account('ana', { presence: 'absent' }))
    expect(await whois(acme)).toBe('nobody')
    await apply(acme, account('bob', { identify: [anas] }))
    expect(await whois(acme)).toBe('bob@x.test')
  })
})

describe('every process', () => {
  it('is told of a change of identities', async () => {
    const replica = await test.reopen()
    replica.changes.follow()
    await until(() => replica.changes.alive)
    const heard: (string | undefined)[] = []
    replica.changes.subscribe((tenant) => heard.push(tenant))
    const seen = async () => (await replica.grants.findStanding(acme, idp, 'ana')).account?.email
    expect(await seen()).toBeUndefined()
    await apply(acme, account('ana', { identify: [anas] }))
    await until(() => heard.length === 1)
    await until(async () => (await seen()) === 'ana@x.test', 2_000)
    await apply(acme, account('ana', { forsake: [anas] }))
    await until(() => heard.length === 2)
    await until(async () => (await seen()) === undefined, 2_000)
  })
})

async function databaseOf(tenant: Tenant): Promise<string> {
  const [row] = await test.sql('select database_name from tenant where id = $1', [tenant.id])
  return String(row?.['database_name'])
}

async function connectTo(tenant: Tenant): Promise<Client> {
  const { host, port, user, password } = test.connection
  const client = new Client({ host, port, user, password, database: await databaseOf(tenant) })
  await client.connect()
  return client
}

/** Until somebody waits for a row there. */
async function untilWaiting(tenant: Tenant): Promise<void> {
  const query = `select from pg_stat_activity where datname = $1 and wait_event_type = 'Lock'`
  const database = await databaseOf(tenant)
  await until(async () => (await test.sql(query, [database])).length > 0)
}
