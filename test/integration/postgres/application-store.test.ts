import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import type { Application } from '../../../src/core/identity/application.js'
import type { Tenant } from '../../../src/core/identity/tenant.js'
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

describe('applications', () => {
  it.each<Application['admits']>(['own', 'any', ['globex', 'initech'], []])(
    'are found as registered, admitting %j',
    async (admits) => {
      const application = { clientId: `app-${JSON.stringify(admits)}`, name: 'App', tenant: acme, admits }
      await test.postgres.applications.register(application)
      expect(await test.postgres.applications.find(application.clientId)).toEqual(application)
    },
  )

  it('take a new name and other admitted tenants when registered again', async () => {
    const { applications } = test.postgres
    await applications.register({ clientId: 'again', name: 'Old', tenant: acme, admits: 'any' })
    await applications.register({ clientId: 'again', name: 'New', tenant: acme, admits: ['globex'] })
    expect(await applications.find('again')).toEqual({
      clientId: 'again',
      name: 'New',
      tenant: acme,
      admits: ['globex'],
    })
  })

  it('do not pass to another tenant by registering their client id', async () => {
    const { applications } = test.postgres
    const mine: Application = { clientId: 'mine', name: 'Mine', tenant: acme, admits: 'own' }
    await applications.register(mine)
    await expect(applications.register({ ...mine, tenant: globex, admits: 'any' })).rejects.toMatchObject({
      code: 'ERR_CONFIG_APPLICATION',
    })
    expect(await applications.find('mine')).toEqual(mine)
  })

  it.each(['', 'MINE', 'mine ', 'mine\0', "' or true --", '%'])('are not found as %j', async (clientId) => {
    expect(await test.postgres.applications.find(clientId)).toBeUndefined()
  })

  it('are not found while their tenant is suspended', async () => {
    const tenant = await test.postgres.provisioner.createTenant({ slug: 'gone', name: 'Gone' })
    await test.postgres.applications.register({ clientId: 'gone', name: 'Gone', tenant, admits: 'any' })
    await test.sql('update tenant set suspended_at = now() where id = $1', [tenant.id])
    expect(await test.postgres.applications.find('gone')).toBeUndefined()
  })
})
