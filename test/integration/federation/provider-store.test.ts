import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals'
import type { WantedProvider } from '../../../src/core/administration/provider-administration.js'
import type { Tenant } from '../../../src/core/identity/tenant.js'
import { openTestPostgres, type TestPostgres } from '../../support/postgres.js'

const by = 'cli:ada'
const marker = 'a-secret-that-is-not-to-be-seen'

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

const wanted = (changes: Partial<WantedProvider> = {}): WantedProvider => {
  const options = { issuer: 'https://idp.test', clientId: 'us' }
  return {
    kind: 'oidc',
    name: 'Corp',
    options,
    application: undefined,
    clientSecret: marker,
    position: undefined,
    ...changes,
  }
}
const store = () => test.postgres.federation.providers
const put = async (changes: Partial<WantedProvider> = {}, presence: 'new' | 'any' = 'new', tenant = acme) => {
  const { changes: done, faults } = await store().apply({ presence, tenant, provider: wanted(changes) }, by)
  return faults.map(({ fault }) => fault)[0] ?? done[0]?.action
}
const listed = async (tenant = acme) => (await store().list([tenant.id])).map(({ name }) => name)

describe('a provider of a tenant', () => {
  it('is there with its secret from the moment it is said, for that tenant', async () => {
    expect(await put()).toBe('added')
    const [provider, ...others] = await store().list([acme.id])
    expect(others).toEqual([])
    expect(provider).toMatchObject({ ...wanted(), position: 0, tenant: acme.id, fault: undefined })
    expect(await store().find(provider?.id ?? '')).toEqual(provider)
    expect(await store().list([globex.id])).toEqual([])
    expect(await store().find('not an id')).toBeUndefined()
  })

  it('has its name alone in the tenant, also when it is written otherwise', async () => {
    await put()
    expect(await put()).toBe('there is a provider Corp already')
    expect(await put({ name: 'CORP' })).toBe('CORP could be taken for Corp, which is there already')
    expect(await put({}, 'new', globex)).toBe('added')
  })

  it('of OAuth 2 has its issuer alone in the tenant: the users of another one are not to be taken for its own', async () => {
    const refusal = 'with kind oauth2 its users could not be told from those of the other'
    await put()
    expect(await put({ name: 'Bare', kind: 'oauth2' })).toContain(refusal)
    expect(await put({ name: 'Bare', kind: 'oauth2' }, 'any')).toContain(refusal)
    const options = { issuer: 'https://other.test', clientId: 'us' }
    expect(await put({ name: 'Bare', kind: 'oauth2', options })).toBe('added')
    expect(await put({ name: 'Late', options })).toContain(refusal)
    expect(await put({ name: 'Bare', kind: 'oauth2', options, clientSecret: 'another' }, 'any')).toBe('changed')
    // Two clients of ours at one provider see the same users.
    expect(await put({ name: 'Twin' })).toBe('added')
    expect(await put({ kind: 'oauth2' }, 'new', globex)).toBe('added')
  })

  it.each(['', ' Corp', 'Co\nrp', 'Corp\u202e', 'x'.repeat(61)])('is not called %j', async (name) => {
    expect(await put({ name })).toBe('the name of a provider has 1 to 60 characters that all show')
  })

  it('is replaced as a whole, keeps its id and its place, and is another one to whoever has read it', async () => {
    await put()
    await put({ name: 'Other' })
    const [before] = await store().list([acme.id])
    expect(await put({}, 'any')).toBe('kept')
    expect(
      await put({ options: { issuer: 'https://idp.test', clientId: 'them' }, clientSecret: undefined }, 'any'),
    ).toBe('changed')
    const [after] = await store().list([acme.id])
    expect(after).toMatchObject({ id: before?.id, position: 0, clientSecret: undefined, options: { clientId: 'them' } })
    expect(after?.revision).not.toBe(before?.revision)
  })

  it('stands where it was put, and behind the others unless told', async () => {
    await put({ name: 'First' })
    await put({ name: 'Second' })
    await put({ name: 'Before', position: -1 })
    expect(await listed()).toEqual(['Before', 'First', 'Second'])
  })

  it('is gone when it is removed, and alone', async () => {
    await put()
    await put({ name: 'Other' })
    await put({}, 'new', globex)
    await store().apply({ presence: 'absent', tenant: acme, name: 'Corp' }, by)
    expect(await listed()).toEqual(['Other'])
    expect(await listed(globex)).toEqual(['Corp'])
    const { faults } = await store().apply({ presence: 'absent', tenant: acme, name: 'Corp' }, by)
    expect(faults).toEqual([{ wish: 0, fault: 'there is no provider Corp in the tenant' }])
  })

  it('goes with its tenant, and with the application that it is for', async () => {
    const tenant = await test.postgres.tenantDirectory.create({ slug: `gone-${tenants}`, name: 'Gone' }, by)
    const application = `app-${tenants}`
    await test.postgres.applications.register({ clientId: application, name: 'App', tenant: acme, admits: 'own' })
    await put({ application })
    await put({}, 'new', tenant)
    await test.postgres.applicationAdministration.apply({ clientId: application, presence: 'absent' }, by)
    await test.postgres.tenantDirectory.delete(tenant, by)
    expect(await listed()).toEqual([])
    expect(await listed(tenant)).toEqual([])
  })

  it('is on record with every change, without its secret, which nothing in the database shows', async () => {
    await put()
    await put({ clientSecret: `${marker}-2` }, 'any')
    const rows = await test.sql(
      `select subject, reason, detail from audit_event where detail::text like $1 order by id`,
      [`%tenant:${acme.slug}%`],
    )
    expect(rows).toHaveLength(1)
    expect(rows[0]).toMatchObject({ subject: by, reason: 'provider_added', detail: { name: 'Corp' } })
    expect(JSON.stringify(rows)).toContain('clientSecret:(secret)')
    const everything = await test.sql(
      `select (select jsonb_agg(p) from identity_provider p)::text || (select jsonb_agg(a) from audit_event a)::text as text`,
    )
    expect(JSON.stringify(everything)).toContain('Corp')
    expect(JSON.stringify(everything)).not.toContain(marker)
    expect(JSON.stringify(everything)).not.toContain(Buffer.from(marker).toString('hex'))
  })

  it('says so where its secret cannot be opened, as when its row was moved', async () => {
    await put()
    await put({ name: 'Other', clientSecret: 'another-secret' })
    await test.sql(
      `update identity_provider set sealed_secret = (
         select sealed_secret from identity_provider where name = 'Other' and tenant_id = $1
       ) where name = 'Corp' and tenant_id = $1`,
      [acme.id],
    )
    const [provider] = await store().list([acme.id])
    expect(provider).toMatchObject({
      clientSecret: undefined,
      fault: 'its client secret was sealed with another master key',
    })
  })
})
