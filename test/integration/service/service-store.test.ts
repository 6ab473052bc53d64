import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals'
import { MasterKey } from '../../../src/core/credential/master-key.js'
import { readServiceOptions } from '../../../src/core/external-service/read-service-options.js'
import type { Tenant } from '../../../src/core/identity/tenant.js'
import { openTestPostgres, ownIssuer, type TestPostgres } from '../../support/postgres.js'

const by = 'cli:ada'
const foreign = 'https://idp.example'

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
})
afterAll(() => test?.close())

type Changes = Readonly<Record<string, unknown>>

const options = { url: 'https://api.example.com/v1', auth: { type: 'bearer_token' }, requirement: { roles: ['admin'] } }
const settings = (changes: Changes = {}) => readServiceOptions({ ...options, ...changes })
const store = () => test.postgres.services
const put = async (name: string, changes: Changes = {}, presence: 'new' | 'any' = 'new', tenant = acme) => {
  const wish = { presence, name, settings: settings(changes) }
  const { changes: done, faults } = await store().apply(tenant, wish, by)
  return faults[0]?.fault ?? done[0]?.action
}
const found = async (name: string, tenant = acme) => {
  const service = await store().find(tenant, name)
  if (service === undefined) throw new Error(`there is no service ${name}`)
  return service
}
const connect = async (name: string, issuer: string | null, subject: string, expires = 'null') => {
  const { id } = await found(name)
  await test.tenantSql(
    acme,
    `insert into service_connection (service_id, issuer, subject, credential_version, expires_at)
     values ($1, $2, $3, 7, ${expires})`,
    [id, issuer, subject],
  )
  return id
}
const records = (tenant = acme) =>
  test.tenantSql(tenant, `select subject, reason, detail from audit_event where type = 'admin.changed' order by id`)

describe('a service of a tenant', () => {
  it('is there from the moment it is said, in that tenant', async () => {
    const said = { description: 'Issues', tags: ['a', 'b'], auth: { type: 'api_key', name: 'X-Key', prefix: 'Key ' } }
    expect(await put('GitHub API', said)).toBe('added')
    expect(await found('GitHub API')).toMatchObject({ ...settings(said), name: 'GitHub API', credentialVersion: 0 })
    expect(await store().list(acme)).toMatchObject([
      { name: 'GitHub API', settings: settings(said), credentialAt: undefined, users: 0 },
    ])
    expect(await store().find(globex, 'GitHub API')).toBeUndefined()
    expect(await store().list(globex)).toEqual([])
    for (const name of ['github api', 'GitHub API ', '../GitHub API', 'a\0b'])
      expect(await store().find(acme, name)).toBeUndefined()
  })

  it('has its name alone in the tenant, also for readers', async () => {
    expect(await put('GitHub')).toBe('added')
    expect(await put('GitHub')).toBe('there is a service GitHub already')
    expect(await put('github')).toBe('github could be taken for GitHub, which is there already')
    expect(await put('GitНub')).toMatch(/mixes scripts/)
    for (const name of ['', ' x', 'a\u202eb', 'x'.repeat(256)]) expect(await put(name)).toMatch(/^the service name/)
    expect(await put('GitHub', {}, 'new', globex)).toBe('added')
  })

  it('keeps its id and its credential when it is described otherwise or allows less, and is another revision', async () => {
    await put('Hub')
    const before = await found('Hub')
    expect(await store().activate(acme, { service: before, version: 3 }, by)).toBe(true)
    const active = await found('Hub')
    expect(active).toMatchObject({ id: before.id, credentialVersion: 3 })
    expect(active.revision).not.toBe(before.revision)
    await connect('Hub', null, 'somebody')
    const [listed] = await store().list(acme)
    expect(listed?.credentialAt).toBeGreaterThan(1_700_000_000)
    expect(listed?.users).toBe(1)
    expect(await put('Hub', {}, 'any')).toBe('kept')
    expect((await found('Hub')).revision).toBe(active.revision)
    for (const narrower of [{ description: 'x' }, { requirement: {} }, { url: 'https://api.example.com/v1/issues' }])
      expect(await put('Hub', narrower, 'any')).toBe('changed')
    const after = await found('Hub')
    expect(after).toMatchObject({ id: before.id, credentialVersion: 3, description: undefined })
    expect(after.revision).not.toBe(active.revision)
    expect(await store().connections(acme)).toHaveLength(1)
  })

  it.each([
    ['at another host', { url: 'https://evil.example/v1' }],
    ['beside where it was', { url: 'https://api.example.com/v10' }],
    ['above where it was', { url: 'https://api.example.com' }],
    ['with another kind of credential', { auth: { type: 'basic_auth' } }],
    ['with a credential from elsewhere', { source: { from: 'dynamic', path: 'database/creds/x' } }],
  ])('gives up its credential and its users when it is %s', async (_title, changes) => {
    await put('Hub')
    const before = await found('Hub')
    await store().activate(acme, { service: before, version: 3 }, by)
    await connect('Hub', null, 'somebody')
    expect(await put('Hub', changes, 'any')).toBe('changed')
    const after = await found('Hub')
    expect(after).toMatchObject({ credentialVersion: 0 })
    // Its credential has a place of its own: what goes with the one before, goes alone.
    expect(after.id).not.toBe(before.id)
    expect(await store().list(acme)).toHaveLength(1)
    expect(await store().connections(acme)).toEqual([])
    expect((await records()).at(-1)).toMatchObject({
      detail: { before: expect.arrayContaining(['credentialVersion:3']) },
    })
  })

  it('keeps what is set for its new place while what was given for the old one is destroyed', async () => {
    const keys = [MasterKey.generate()]
    const credentials = test.postgres.localVault.open(async () => keys)
    const place = ({ id: service }: { readonly id: string }) => ({ tenant: acme, service, account: undefined })
    await put('Hub')
    const before = await found('Hub')
    await credentials.write(place(before), { access_token: 'for the old place' }, 0)
    await put('Hub', { url: 'https://elsewhere.example' }, 'any')
    const now = await found('Hub')
    const version = await credentials.write(place(now), { access_token: 'for the new place' }, 0)
    expect(await store().activate(acme, { service: now, version }, by)).toBe(true)
    await credentials.destroy(place(before))
    expect(await credentials.read(place(await found('Hub')), version)).toMatchObject({
      members: { access_token: 'for the new place' },
    })
    expect(await credentials.list(acme)).toEqual([place(now)])
  })

  it('has a credential put to use only as it was when that was written', async () => {
    await put('Hub')
    const service = await found('Hub')
    await put('Hub', { url: 'https://evil.example' }, 'any')
    expect(await store().activate(acme, { service, version: 1 }, by)).toBe(false)
    expect(await found('Hub')).toMatchObject({ credentialVersion: 0 })
    const now = await found('Hub')
    const both = await Promise.all([1, 2].map((version) => store().activate(acme, { service: now, version }, by)))
    expect(both.toSorted()).toEqual([false, true])
    await store().apply(acme, { presence: 'absent', name: 'Hub' }, by)
    expect(await store().activate(acme, { service: now, version: 3 }, by)).toBe(false)
  })

  it('is gone when it is removed, and alone', async () => {
    for (const name of ['Hub', 'Other']) await put(name)
    await connect('Hub', null, 'somebody')
    await store().apply(acme, { presence: 'absent', name: 'Hub' }, by)
    expect((await store().list(acme)).map(({ name }) => name)).toEqual(['Other'])
    expect(await store().connections(acme)).toEqual([])
    const { faults } = await store().apply(acme, { presence: 'absent', name: 'Hub' }, by)
    expect(faults).toEqual([{ wish: 0, fault: 'there is no service Hub in the tenant' }])
  })

  it('is another revision for whoever changes it, and cannot be used where it is not what could have been written', async () => {
    await put('Hub')
    const { revision } = await found('Hub')
    await test.tenantSql(acme, `update service set description = 'x'`)
    expect((await found('Hub')).revision).not.toBe(revision)
    await test.tenantSql(acme, `update service set url = 'http://169.254.169.254/latest'`)
    await expect(store().find(acme, 'Hub')).rejects.toMatchObject({ code: 'ERR_TENANT_UNAVAILABLE' })
    expect(await store().list(acme)).toMatchObject([{ settings: { fault: expect.stringContaining('https') } }])
    expect(await put('Hub', {}, 'any')).toBe('changed')
    expect(await found('Hub')).toMatchObject({ url: options.url, credentialVersion: 0 })
    await test.tenantSql(acme, `update service set requirement = '{"policy":"X"}'`)
    await expect(store().find(acme, 'Hub')).rejects.toMatchObject({ code: 'ERR_TENANT_UNAVAILABLE' })
  })

  it('is on record with every change, and every process hears of it', async () => {
    const heard: (string | undefined)[] = []
    const stop = test.postgres.changes.subscribe((tenant) => heard.push(tenant))
    await put('Hub')
    await put('Hub', {}, 'any')
    await store().activate(acme, { service: await found('Hub'), version: 1 }, by)
    await store().apply(acme, { presence: 'absent', name: 'Hub' }, by)
    stop()
    expect(heard).toEqual([acme.id, acme.id, acme.id])
    expect(await records()).toMatchObject([
      {
        subject: by,
        reason: 'service_added',
        detail: {
          name: 'Hub',
          after: expect.arrayContaining(['url:https://api.example.com/v1', 'requirement:role admin']),
        },
      },
      { reason: 'service_changed', detail: { before: [], after: ['credentialVersion:1'] } },
      { reason: 'service_removed', detail: { after: [] } },
    ])
  })

  it('is in an export without what was given to this installation: users, credentials, and that there were any', async () => {
    const moved = await test.postgres.tenantDirectory.create({ slug: `moved-${tenants}`, name: 'Moved' }, by)
    acme = moved
    const plan = { rotation: { every: '30d', check: '/user' } }
    await put('Hub', plan)
    await test.postgres.rotations.ask(moved, 'Hub', 'cli:ada')
    const id = await connect('Hub', null, 'somebody')
    await store().activate(acme, { service: await found('Hub'), version: 3 }, by)
    await test.tenantSql(
      acme,
      `insert into service_credential (service, version, sealed, sealed_key, sealed_by) values ($1, 3, 'a', 'b', 'c')`,
      [id],
    )
    const lines: string[] = []
    await test.postgres.tenantDirectory.export(moved, async (line) => void lines.push(line))
    expect(lines.join('\n')).toContain('api.example.com')
    expect(lines.join('\n')).not.toMatch(/service_connection|service_credential|service_rotation|somebody/)
    const from = async function* () {
      yield* lines
    }
    const restored = await test.postgres.tenantDirectory.create({ slug: `back-${tenants}` }, by, from())
    expect(await found('Hub', restored)).toMatchObject({ ...settings(plan), credentialVersion: 0 })
    for (const table of ['service_connection', 'service_credential', 'service_rotation'])
      expect(await test.tenantSql(restored, `select from ${table}`)).toEqual([])
  })
})

describe('a user of a service', () => {
  it('is known by issuer and subject together, those of this installation without its address', async () => {
    await put('Hub')
    const id = await connect('Hub', null, 'bo')
    await connect('Hub', foreign, 'bo', `clock_timestamp() + interval '30 seconds'`)
    await connect('Hub', foreign, 'old', `clock_timestamp() - interval '1 second'`)
    const own = await store().connection(acme, id, { issuer: ownIssuer, subject: 'bo' })
    expect(own).toMatchObject({ credentialVersion: 7, age: 'fresh', expiresAt: undefined })
    const other = await store().connection(acme, id, { issuer: foreign, subject: 'bo' })
    expect(other).toMatchObject({ age: 'due', expiresAt: expect.any(Number) })
    expect(other?.id).not.toBe(own?.id)
    expect(await store().connection(acme, id, { issuer: foreign, subject: 'old' })).toMatchObject({ age: 'over' })
    for (const user of [
      ...[
        { issuer: 'https://evil.example', subject: 'bo' },
        { issuer: ownIssuer, subject: 'Bo' },
      ],
      ...[
        { issuer: ownIssuer, subject: 'b\0o' },
        { issuer: foreign, subject: 'old ' },
      ],
    ])
      expect(await store().connection(acme, id, user)).toBeUndefined()
    expect(await store().connection(globex, id, { issuer: ownIssuer, subject: 'bo' })).toBeUndefined()
    expect(await store().connection(acme, 'Hub', { issuer: ownIssuer, subject: 'bo' })).toBeUndefined()
    await expect(connect('Hub', null, 'bo')).rejects.toThrow('service_connection_user')
  })

  it('is one no more when the account goes, whoever removes it, and alone', async () => {
    await put('Hub')
    const { tenantSql } = test
    await tenantSql(acme, `insert into account (email) values ('bo@acme.test'), ('cy@acme.test')`)
    const accounts = await tenantSql(acme, 'select id from account order by email')
    const [bo, cy] = accounts.map(({ id }) => String(id))
    await tenantSql(acme, `insert into account_identity values ($1, 'bo-there', $2)`, [foreign, bo])
    for (const subject of [bo ?? '', cy ?? '']) await connect('Hub', null, subject)
    for (const subject of ['bo-there', 'cy-there']) await connect('Hub', foreign, subject)
    await test.postgres.tenantAdministration.apply(
      acme,
      [{ kind: 'account', presence: 'absent', email: 'bo@acme.test' }],
      by,
    )
    const left = await tenantSql(acme, 'select subject from service_connection order by issuer nulls first')
    expect(left).toEqual([{ subject: cy }, { subject: 'cy-there' }])
    await tenantSql(acme, 'delete from account')
    expect(await tenantSql(acme, 'select subject from service_connection')).toEqual([{ subject: 'cy-there' }])
  })
})
