import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import type { ApplicationWish } from '../../../src/core/administration/application-administration.js'
import { openTestPostgres, type TestPostgres } from '../../support/postgres.js'

let test: TestPostgres

beforeAll(async () => {
  test = await openTestPostgres()
  for (const slug of ['acme', 'globex']) await test.postgres.provisioner.createTenant({ slug, name: slug })
})
afterAll(() => test?.close())

const apply = (wish: ApplicationWish) => test.postgres.applicationAdministration.apply(wish, 'cli:ada')
const faultsOf = async (wish: ApplicationWish) => (await apply(wish)).faults.map(({ fault }) => fault)
const recorded = () => {
  return test.sql(`select subject, reason, detail from audit_event where type = 'admin.changed' order by id`)
}

describe('an application', () => {
  it('is registered, changed and removed, and all of it is on record', async () => {
    const { applications } = test.postgres
    const before = (await recorded()).length
    await apply({ clientId: 'crm', presence: 'new', name: 'CRM', tenant: 'globex', admits: ['acme'] })
    expect(await applications.find('crm')).toMatchObject({ name: 'CRM', tenant: { slug: 'globex' }, admits: ['acme'] })
    await apply({ clientId: 'crm', presence: 'known', admits: 'any' })
    expect(await applications.find('crm')).toMatchObject({ name: 'CRM', admits: 'any' })
    expect((await apply({ clientId: 'crm', presence: 'known', admits: 'any' })).changes[0]?.action).toBe('kept')
    await apply({ clientId: 'crm', presence: 'absent' })
    expect(await applications.find('crm')).toBeUndefined()
    const registered = ['name:CRM', 'tenant:globex']
    expect((await recorded()).slice(before)).toEqual([
      {
        ...{ subject: 'cli:ada', reason: 'application_added' },
        detail: { name: 'crm', before: [], after: [...registered, 'admits:acme'] },
      },
      {
        ...{ subject: 'cli:ada', reason: 'application_changed' },
        detail: { name: 'crm', before: ['admits:acme'], after: ['admits:any'] },
      },
      {
        ...{ subject: 'cli:ada', reason: 'application_removed' },
        detail: { name: 'crm', before: [...registered, 'admits:any'], after: [] },
      },
    ])
  })

  it('admits its own tenant unless told', async () => {
    await apply({ clientId: 'plain', presence: 'new', tenant: 'acme' })
    expect(await test.postgres.applications.find('plain')).toMatchObject({ name: 'plain', admits: 'own' })
  })

  it('is listed also while its tenant is suspended', async () => {
    await apply({ clientId: 'held', presence: 'new', tenant: 'globex' })
    await test.sql(`update tenant set suspended_at = now() where slug = 'globex'`)
    const listed = await test.postgres.applicationAdministration.list()
    await test.sql(`update tenant set suspended_at = null`)
    expect(listed.find(({ clientId }) => clientId === 'held')).toMatchObject({ status: 'suspended' })
  })

  it.each<[string, ApplicationWish, readonly unknown[]]>([
    [
      'of tenants that are not there',
      { clientId: 'x', presence: 'new', tenant: 'nope', admits: ['acme', 'none'] },
      ['there is no tenant nope', 'there is no tenant none'],
    ],
    ['of no tenant', { clientId: 'x', presence: 'new' }, ['an application belongs to a tenant: name it']],
    [
      'that admits nobody',
      { clientId: 'x', presence: 'new', tenant: 'acme', admits: [] },
      ['an application admits at least one tenant'],
    ],
    ['that is not there', { clientId: 'nope', presence: 'known', admits: 'any' }, ['there is no application nope']],
    ['to remove that is not there', { clientId: 'no\0', presence: 'absent' }, [expect.stringContaining('there is no')]],
    [
      'with a client id that cannot be',
      { clientId: 'a b', presence: 'new', tenant: 'acme' },
      [expect.stringContaining('visible ASCII')],
    ],
    [
      'with a name that steers a terminal',
      { clientId: 'x', presence: 'new', tenant: 'acme', name: 'a\u001b[2J' },
      [expect.stringContaining('do not show')],
    ],
  ])('is refused %s', async (_what, wish, faults) => {
    const before = await recorded()
    expect(await faultsOf(wish)).toEqual(faults)
    expect(await recorded()).toEqual(before)
    expect(await test.postgres.applications.find('x')).toBeUndefined()
  })

  it('is registered once', async () => {
    const wish: ApplicationWish = { clientId: 'once', presence: 'new', tenant: 'acme' }
    const all = await Promise.all([wish, wish, wish].map((same) => faultsOf(same)))
    expect(all.toSorted()).toEqual([[], ...[1, 2].map(() => ['there is an application once already'])])
  })
})
