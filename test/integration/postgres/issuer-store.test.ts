import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import type { IssuerWish } from '../../../src/core/administration/issuer-administration.js'
import { dumpOf, formsOf } from '../../support/database-dump.js'
import { openTestPostgres, type TestPostgres } from '../../support/postgres.js'

let test: TestPostgres

beforeAll(async () => {
  test = await openTestPostgres()
})
afterAll(() => test?.close())

const plain = { issuer: 'https://id.example.com', audience: 'resource', tenant: { claim: 'org' } }
const secret = 'a-secret-of-our-client-there'
const asking = {
  ...{ ...plain, issuer: 'https://opaque.example.com' },
  introspection: { clientId: 'us', clientSecret: secret, tokenPrefix: 'op_' },
}

const apply = (wish: IssuerWish) => test.postgres.trustedIssuers.apply(wish, 'cli:ada')
const put = (options: Readonly<Record<string, unknown>>, presence: 'new' | 'any' = 'new') =>
  apply({ presence, options })
const list = () => test.postgres.trustedIssuers.list()
const recorded = () =>
  test.sql(`select subject, reason, detail from audit_event where type = 'admin.changed' order by id`)

describe('an issuer in the database', () => {
  it('is added, changed and removed, and all of it is on record without a secret', async () => {
    await put(asking)
    expect(await list()).toMatchObject([{ issuer: asking.issuer, written: asking }])
    const anew = { ...asking, skewSeconds: 5, introspection: { ...asking.introspection, clientSecret: `${secret}-2` } }
    expect((await put(anew, 'any')).changes).toMatchObject([{ action: 'changed' }])
    expect(await list()).toMatchObject([{ written: anew }])
    expect((await put(anew, 'any')).changes).toMatchObject([{ action: 'kept' }])
    await apply({ presence: 'absent', issuer: asking.issuer })
    expect(await list()).toEqual([])
    expect(await recorded()).toMatchObject([
      { subject: 'cli:ada', reason: 'issuer_added', detail: { name: asking.issuer, before: [] } },
      {
        reason: 'issuer_changed',
        detail: {
          before: ['introspection.clientSecret:(secret)'],
          after: ['introspection.clientSecret:(secret)', 'skewSeconds:5'],
        },
      },
      { reason: 'issuer_removed', detail: { after: [] } },
    ])
    expect(JSON.stringify(await recorded())).not.toContain(secret)
  })

  it('keeps the secret of our client sealed for this issuer, and opens it with no other row', async () => {
    await put(asking)
    const other = { ...asking, issuer: 'https://other.example.com' }
    await put({ ...other, introspection: { ...other.introspection, tokenPrefix: 'other_' } })
    const dump = [...(await dumpOf((query) => test.sql(query))).values()].join('\n')
    for (const form of formsOf(secret)) expect(dump).not.toContain(form)
    const sealed = 'select sealed_secret from trusted_issuer where issuer = $2'
    await test.sql(`update trusted_issuer set sealed_secret = (${sealed}) where issuer = $1`, [
      other.issuer,
      asking.issuer,
    ])
    const [first, second] = await list()
    expect(first).toMatchObject({ written: asking })
    expect(first?.fault).toBeUndefined()
    expect(second?.fault).toContain('sealed with another master key')
    expect(JSON.stringify(second)).not.toContain(secret)
    for (const { issuer } of [asking, other]) await apply({ presence: 'absent', issuer })
  })

  it('is sealed anew when keys change, and opens with the new one alone', async () => {
    await put(asking)
    const keys = test.postgres.keyAdministration
    await keys.rotate()
    await test.sql(`update data_key set active_at = now() - interval '1 hour'`)
    const process = await test.reopen()
    expect(await process.keyAdministration.reseal()).toBeGreaterThan(0)
    await test.sql(
      `delete from data_key where purpose = 'seal' and created_at < (select max(created_at) from data_key)`,
    )
    const later = await test.reopen()
    expect(await later.trustedIssuers.list()).toMatchObject([{ written: asking }])
    await later.trustedIssuers.apply({ presence: 'absent', issuer: asking.issuer }, 'cli:ada')
  })

  it('has another revision after every change, plain SQL included', async () => {
    await put(plain)
    const before = (await list())[0]?.revision
    await test.sql(`update trusted_issuer set options = options || '{"skewSeconds": 1}'`)
    expect((await list())[0]?.revision).not.toBe(before)
    await apply({ presence: 'absent', issuer: plain.issuer })
  })

  it('is refused with the reason: there already, not there, in the way of another, or wrong', async () => {
    await put(plain)
    const faults = async (wish: IssuerWish) => (await apply(wish)).faults.map(({ fault }) => fault).join()
    expect(await faults({ presence: 'new', options: plain })).toContain('there is an issuer')
    expect(await faults({ presence: 'absent', issuer: 'https://nobody.example' })).toContain('there is no issuer')
    await put(asking)
    const overlapping = { ...asking, issuer: 'https://third.example' }
    expect(await faults({ presence: 'new', options: overlapping })).toContain('would both be asked')
    const wrong = put({ ...plain, issuer: 'http://id.example.com' })
    await expect(wrong).rejects.toMatchObject({ code: 'ERR_CONFIG_ISSUER' })
    expect(await list()).toHaveLength(2)
  })
})
