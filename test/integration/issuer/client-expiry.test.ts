import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { IssuerHarness } from '../../support/issuer-harness.js'
import { openTestPostgres, type TestPostgres } from '../../support/postgres.js'

let test: TestPostgres
let harness: IssuerHarness

beforeAll(async () => {
  test = await openTestPostgres()
  harness = await IssuerHarness.start({ ports: { storage: test.postgres.issuerStorage } })
  await harness.addAccount(harness.acme, 'ana@acme.test', ['read'])
})

afterAll(async () => {
  await harness.close()
  await test.close()
})

const clients = async () => (await test.sql(`select key from issuer_record where model = 'Client'`)).length
/** As if so many days had passed. */
const wait = (days: number) =>
  test.sql('update issuer_record set expires_at = expires_at - make_interval(days => $1)', [days])

describe('a client that registered', () => {
  it('is swept away unless somebody has used it, and stays for 90 days of those that did', async () => {
    const used = await harness.registeredClient()
    for (let count = 0; count < 5; count += 1) await harness.registeredClient()
    await harness.obtainTokens('ana@acme.test', 'read', used)
    expect(await clients()).toBe(6)
    await test.postgres.sweep()
    expect(await clients()).toBe(6)

    await wait(1)
    await test.postgres.sweep()
    expect(await clients()).toBe(1)
    await wait(60)
    await test.postgres.sweep()
    // Another consent, and its time begins again.
    expect((await harness.obtainTokens('ana@acme.test', 'read', used)).status).toBe(200)
    await wait(60)
    await test.postgres.sweep()
    expect((await harness.obtainTokens('ana@acme.test', 'read', used)).status).toBe(200)
    await wait(91)
    await test.postgres.sweep()
    expect(await clients()).toBe(0)
  })

  it('leaves nothing of what was issued to it behind once all of that is over', async () => {
    const { clientId } = await harness.obtainTokens('ana@acme.test', 'openid read')
    await harness.token({ grant_type: 'refresh_token', client_id: clientId, refresh_token: 'x' })
    const models = async () =>
      (await test.sql('select distinct model from issuer_record order by model')).map(({ model }) => model)
    expect(await models()).toEqual(expect.arrayContaining(['Client', 'Grant', 'RefreshToken', 'Session']))
    await wait(181)
    await test.postgres.sweep()
    expect(await models()).toEqual([])
  })
})
