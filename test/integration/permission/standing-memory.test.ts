import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import type { Tenant } from '../../../src/core/identity/tenant.js'
import { openTestPostgres, type TestPostgres } from '../../support/postgres.js'

const idp = 'https://idp.example'
const names = 40_000
const versions = 60
/** As bounded over everything that is remembered. */
const mostNames = 1_000_000

let test: TestPostgres
let acme: Tenant
beforeAll(async () => {
  test = await openTestPostgres()
  acme = await test.postgres.provisioner.createTenant({ slug: 'acme', name: 'Acme' })
  await test.tenantSql(acme, `insert into permission (name) select 'doc:' || n from generate_series(1, ${names}) n`)
})
afterAll(() => test?.close())

describe('what is remembered of callers', () => {
  it('does not keep the catalogues of times gone by', async () => {
    const { grants } = test.postgres
    const seen: WeakRef<object>[] = []
    for (let version = 0; version < versions; version += 1) {
      await test.tenantSql(acme, `insert into role (name) values ('role ${version}')`)
      const { catalogue } = await grants.findStanding(acme, idp, `subject ${version}`)
      expect(catalogue.names.permissions).toHaveLength(names)
      expect(catalogue.names.roles).toHaveLength(version + 1)
      seen.push(new WeakRef(catalogue))
    }
    await collectGarbage()
    const kept = seen.filter((reference) => reference.deref() !== undefined).length
    expect(kept * names).toBeLessThanOrEqual(mostNames)
    expect(versions * names).toBeGreaterThan(2 * mostNames)
  }, 120_000)

  it('is read once for all who ask after a change', async () => {
    const { grants } = test.postgres
    await test.tenantSql(acme, `insert into role (name) values ('once')`)
    const asked = Array.from({ length: 24 }, (_, n) => grants.findStanding(acme, idp, `at once ${n}`))
    const catalogues = new Set((await Promise.all(asked)).map(({ catalogue }) => catalogue))
    expect(catalogues.size).toBe(1)
    expect([...catalogues][0]?.names.roles).toContain('once')
  })

  it('is at hand again for a caller who was seen before', async () => {
    const { grants } = test.postgres
    const first = await grants.findStanding(acme, idp, 'somebody')
    expect((await grants.findStanding(acme, idp, 'somebody')).catalogue).toBe(first.catalogue)
    expect((await grants.findStanding(acme, idp, 'somebody else')).catalogue).toBe(first.catalogue)
  })
})

async function collectGarbage(): Promise<void> {
  setFlagsFromString('--expose-gc')
  const collect: unknown = runInNewContext('gc')
  if (typeof collect !== 'function') throw new TypeError('no garbage can be collected here')
  for (let round = 0; round < 3; round += 1) {
    // A reference that was just looked at holds until the end of the turn.
    await new Promise(setImmediate)
    collect()
  }
}
