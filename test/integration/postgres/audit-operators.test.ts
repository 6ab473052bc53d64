import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { KeptTrail, recordCalls } from '../../support/kept-trail.js'
import { openTestPostgres, type TestPostgres } from '../../support/postgres.js'

const by = 'cli:tester'
const year = 365 * 86_400

let test: TestPostgres
beforeAll(async () => {
  test = await openTestPostgres()
})
afterAll(() => test?.close())

/** Operators that PostgreSQL does not have, and would take before those that it has for other types. */
function operatorsThatSay(numeric: string, interval: string): string {
  const taken = [
    ['numeric', 'integer', numeric],
    ['bigint', 'interval', interval],
    ['interval', 'interval', interval],
  ] as const
  return taken
    .map(
      ([left, right, value]) => `
        create function public.times(${left}, ${right}) returns ${value === numeric ? 'numeric' : 'interval'}
          language sql stable as $$ select ${value} $$;
        create operator public.* (leftarg = ${left}, rightarg = ${right}, function = public.times)`,
    )
    .join(';')
}

const noOperators = ['numeric, integer', 'bigint, interval', 'interval, interval']
  .map((types) => `drop operator public.* (${types}); drop function public.times(${types})`)
  .join(';')

describe('operators that somebody has put beside those of PostgreSQL', () => {
  it('make no row older than it is: the retention leaves what is young', async () => {
    const tenant = await test.postgres.tenantDirectory.create({ slug: 'young', name: 'Young' }, by)
    await recordCalls(test.postgres.audit, tenant, ['one', 'two'], 'all done')
    const trail = new KeptTrail(test, tenant)
    const { length } = await trail.rows()
    await trail.spoil(operatorsThatSay('0', `interval '900 years'`))
    const { auditMaintenance } = test.postgres
    const cutoff = await auditMaintenance.timeBefore(year)
    const place = { tenant, database: tenant.database }
    const pruned = await auditMaintenance.prune(place, { cutoff, unsent: 'kept', by: 'retention' })
    await trail.spoil(noOperators)
    expect(pruned).toEqual([])
    expect(await trail.rows()).toHaveLength(length)
  })

  it('do not say in master how late it is', async () => {
    await test.sql(operatorsThatSay('0', `interval '900 years'`))
    const before = (await test.postgres.auditMaintenance.timeBefore(year)) / 1000
    await test.sql(noOperators)
    expect(Math.abs(Date.now() - year * 1000 - before)).toBeLessThan(3_600_000)
  })

  it('do not say of a row when it was written, neither as it is added nor as it is looked at', async () => {
    const tenant = await test.postgres.tenantDirectory.create({ slug: 'dated', name: 'Dated' }, by)
    const trail = new KeptTrail(test, tenant)
    await trail.spoil(operatorsThatSay('1600000000000000', `interval '50 years'`))
    await recordCalls(test.postgres.audit, tenant, ['one'], 'all done')
    await trail.spoil(noOperators)
    const [added] = await test.tenantSql(
      tenant,
      `select bool_and(at > now() - interval '1 hour') as young from audit_event`,
    )
    expect(added).toEqual({ young: true })
    expect((await trail.verify()).faults).toEqual([])
  })
})

describe('settings of a database', () => {
  it('round no time and no number: the retention leaves what is young', async () => {
    const tenant = await test.postgres.tenantDirectory.create({ slug: 'rounded', name: 'Rounded' }, by)
    const databases = [test.masterDatabase, tenant.database]
    for (const name of databases) {
      await test.sql(`alter database "${name}" set extra_float_digits = -15`)
      await test.sql(`alter database "${name}" set DateStyle = 'SQL, DMY'`)
    }
    const { audit, auditMaintenance } = await test.reopen()
    const cutoff = await auditMaintenance.timeBefore(year)
    expect(Math.abs(Date.now() - year * 1000 - cutoff / 1000)).toBeLessThan(3_600_000)
    const calls = Array.from({ length: 11 }, (_, nth) => `call ${nth}`)
    await recordCalls(audit, tenant, calls, 'all done')
    const place = { tenant, database: tenant.database }
    const pruned = await auditMaintenance.prune(place, { cutoff, unsent: 'kept', by: 'retention' })
    expect(pruned).toEqual([])
    expect(await new KeptTrail(test, tenant).verify()).toMatchObject({ faults: [], rows: 22, open: 0 })
    for (const name of databases) await test.sql(`alter database "${name}" reset all`)
  })
})

describe('the statements of the trail', () => {
  const root = 'src/adapter/postgres/audit'
  const files = readdirSync(root, { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.ts'))

  it('multiply times by what has a type, as no operator of somebody else does better', () => {
    const untyped = /extract\(epoch.*\*\s*\d+(?!\d*::)\b|(?<!::float8)\s\*\s+interval\b/
    expect(files.filter((name) => untyped.test(readFileSync(join(root, name), 'utf8')))).toEqual([])
    expect(`(extract(epoch from at) * 1000000)::float8`).toMatch(untyped)
    expect('epoch + row.at * interval').toMatch(untyped)
  })
})
