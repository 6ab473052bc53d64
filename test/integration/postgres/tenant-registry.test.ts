import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import type { Tenant } from '../../../src/core/identity/tenant.js'
import { openTestPostgres, ownIssuer, type TestPostgres } from '../../support/postgres.js'

const entra = 'https://login.example/common/v2.0'

let test: TestPostgres
let acme: Tenant
let corp: Tenant

beforeAll(async () => {
  test = await openTestPostgres()
  const { provisioner } = test.postgres
  acme = await provisioner.createTenant({ slug: 'acme', name: 'Acme' })
  corp = await provisioner.createTenant({ slug: 'acme-corp', name: 'Acme Corporation' })
  await test.sql('insert into tenant_issuer (issuer, claim_value, tenant_id) values ($1, $2, $3)', [
    entra,
    'Tid-1',
    acme.id,
  ])
})
afterAll(() => test?.close())

/** What a token's tenant claim may hold when its sender, or its issuer, is hostile. */
const hostile: readonly unknown[] = [
  '',
  ' ',
  'acme ',
  ' acme',
  'acme\n',
  'acme\0',
  'ACME',
  'Acme-corp',
  'acme_corp',
  'acme-',
  '-acme',
  '../acme',
  'acme/../acme',
  'tenant_acme',
  "acme'",
  `acme"; drop table tenant; --`,
  "' or '1'='1",
  '%',
  'acm_',
  'acme*',
  'acme?host=127.0.0.9&port=1',
  'postgres',
  'template1',
  'authsec_template_tenant',
  '\u0430cme',
  'acme\u200b',
  '\uff41cme',
  'acme\ud800',
  `acme${'a'.repeat(60)}`,
  'a'.repeat(100_000),
  ['acme'],
  { slug: 'acme' },
  { toString: () => 'acme' },
  42,
  true,
  null,
  undefined,
]

describe('find', () => {
  it("gives the tenant whose slug is the claim of the own issuer's token", async () => {
    expect(await test.postgres.tenants.find(ownIssuer, 'acme-corp')).toEqual(corp)
    expect(await test.postgres.tenants.findBySlug('acme')).toEqual(acme)
  })

  it("gives the tenant on record for another issuer's claim, byte for byte", async () => {
    expect(await test.postgres.tenants.find(entra, 'Tid-1')).toEqual(acme)
    expect(await test.postgres.tenants.find(entra, 'tid-1')).toBeUndefined()
    expect(await test.postgres.tenants.find(entra, 'acme')).toBeUndefined()
    expect(await test.postgres.tenants.find('https://login.example/common/v2.0/', 'Tid-1')).toBeUndefined()
    expect(await test.postgres.tenants.find(ownIssuer, 'Tid-1')).toBeUndefined()
  })

  it(`gives nothing for ${hostile.length} hostile claims and opens no connection for them`, async () => {
    await test.postgres.ping()
    const before = await connections()
    for (const claim of hostile) {
      for (const issuer of [ownIssuer, entra]) {
        // As if a verifier had let the claim's type through.
        expect(await Reflect.apply(test.postgres.tenants.find, test.postgres.tenants, [issuer, claim])).toBeUndefined()
      }
      expect(await Reflect.apply(test.postgres.tenants.findBySlug, test.postgres.tenants, [claim])).toBeUndefined()
    }
    expect(await connections()).toEqual(before)
  })

  it('does not give a suspended tenant, by any way', async () => {
    const gone = await test.postgres.provisioner.createTenant({ slug: 'gone', name: 'Gone' })
    await test.sql('insert into tenant_issuer (issuer, claim_value, tenant_id) values ($1, $2, $3)', [
      entra,
      'gone',
      gone.id,
    ])
    expect(await test.postgres.tenants.find(entra, 'gone')).toEqual(gone)
    await test.sql('update tenant set suspended_at = now() where id = $1', [gone.id])
    expect(await test.postgres.tenants.find(entra, 'gone')).toBeUndefined()
    expect(await test.postgres.tenants.find(ownIssuer, 'gone')).toBeUndefined()
    expect(await test.postgres.tenants.findBySlug('gone')).toBeUndefined()
    expect(await test.postgres.tenants.list()).toEqual([acme, corp])
  })
})

/** Every connection to a database of this file, our own look included; other files use the cluster at the same time. */
async function connections(): Promise<readonly unknown[]> {
  return test.sql(
    `select pid, datname from pg_stat_activity
     where application_name = 'authsec' and (datname = current_database() or datname in (select database_name from tenant))
     order by pid`,
  )
}
