import { setTimeout as pause } from 'node:timers/promises'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals'
import { FaultBench, type Attempt } from '../support/fault-bench.js'
import { report } from '../support/report-recovery.js'
import { until } from '../support/until.js'

let bench: FaultBench
let database: string
beforeAll(async () => {
  bench = await FaultBench.open()
  database = await bench.databaseOf('acme')
})
afterAll(() => bench?.close())
beforeEach(async () => {
  for (const tenant of bench.tenants.keys()) expect((await bench.call(tenant)).status).toBe(200)
})
afterEach(() => bench?.expectFailedClosed())

const terminate = `select pg_terminate_backend(pid) from pg_stat_activity where datname = $1 and pid <> pg_backend_pid()`

/** Nobody may be connected to what is renamed, and the server connects again and again. */
async function rename(from: string, to: string): Promise<void> {
  await until(async () => {
    await bench.cluster.sql('postgres', terminate, [from])
    return bench.cluster.sql('postgres', `alter database ${from} rename to ${to}`).then(
      () => true,
      () => false,
    )
  })
}

/** What 45 of 50 calls take at most; all of them succeed. */
async function usually(tenant: string): Promise<number> {
  const times: number[] = []
  for (let round = 0; round < 50; round += 1) {
    const { status, milliseconds } = await bench.call(tenant)
    expect(status).toBe(200)
    times.push(milliseconds)
  }
  return times.sort((a, b) => a - b)[44] ?? Infinity
}

/** The tenant's calls are outages, those of the other one go on as before, and the server is ready: most of it works. */
async function expectOutageOfOne(): Promise<void> {
  const before = await usually('globex')
  const attempts: Attempt[] = []
  let failing = true
  const flood = [1, 2, 3, 4].map(async () => {
    while (failing) attempts.push(await bench.call('acme'))
  })
  const handled = bench.handled
  const meanwhile = await usually('globex')
  failing = false
  await Promise.all(flood)
  expect(bench.handled).toBe(handled + 50)
  expect(meanwhile).toBeLessThan(2 * before + 200)
  for (const attempt of attempts) {
    bench.expectOutage(attempt, ['TENANT_UNAVAILABLE', 'OVERLOADED'])
    expect(attempt.milliseconds).toBeLessThan(3_000)
  }
  expect(await bench.status('/readyz')).toBe(200)
  expect(await bench.status('/healthz')).toBe(200)
}

describe("a tenant's database that is out of reach is an outage of that tenant alone", () => {
  it('while it has another name', async () => {
    await rename(database, `${database}_away`)
    await expectOutageOfOne()
    await rename(`${database}_away`, database)
    report('F3 renamed', await bench.recovery('acme', 3_000))
  })

  it('while nobody may connect to it', async () => {
    const grantees = await bench.cluster.sql(
      'postgres',
      `select distinct coalesce(rolname::text, 'public') as name from pg_database, aclexplode(datacl) as acl
       left join pg_roles on pg_roles.oid = acl.grantee where datname = $1 and privilege_type = 'CONNECT'`,
      [database],
    )
    const names = grantees.map((row) => String(row['name'])).join(', ')
    await bench.cluster.sql('postgres', `revoke connect on database ${database} from ${names}`)
    await bench.cluster.sql('postgres', terminate, [database])
    await expectOutageOfOne()
    await bench.cluster.sql('postgres', `grant connect on database ${database} to ${names}`)
    report('F3 revoked', await bench.recovery('acme', 3_000))
  })

  it('while its tables are locked by somebody, who is waited for 3 s at most', async () => {
    const holder = await bench.cluster.connect(database)
    await holder.query('begin; lock table audit_event in access exclusive mode')
    await expectOutageOfOne()
    await holder.end()
    report('F5 locked', await bench.recovery('acme', 1_000))
  })
})

describe('calls that wait for a lock', () => {
  it('are an outage within 3 s, however many they are and whenever they came', async () => {
    const holder = await bench.cluster.connect(database)
    await holder.query('begin; lock table audit_event in access exclusive mode')
    const before = bench.handled
    const attempts = Array.from({ length: 60 }, async (_, index) => {
      await new Promise((resolve) => setTimeout(resolve, index * 60))
      return bench.call('acme')
    })
    for (const attempt of await Promise.all(attempts)) {
      bench.expectOutage(attempt, ['TENANT_UNAVAILABLE', 'OVERLOADED'])
      expect(attempt.milliseconds).toBeLessThan(3_000)
    }
    expect(bench.handled).toBe(before)
    await holder.end()
    report('F5 crowd', await bench.recovery('acme', 1_000))
  })

  it('use up the connections of their tenant only, and are through within a second of its end', async () => {
    const holder = await bench.cluster.connect(database)
    await holder.query('begin; lock table policy_version, account in access exclusive mode')
    // What was read before the lock counts a moment longer.
    await pause(1_000)
    const crowd = Array.from({ length: 100 }, () => bench.call('acme'))
    for (let round = 0; round < 10; round += 1) expect((await bench.call('globex')).status).toBe(200)
    for (const attempt of await Promise.all(crowd)) bench.expectOutage(attempt, ['TENANT_UNAVAILABLE', 'OVERLOADED'])
    await holder.end()
    report('F7 tenant', await bench.recovery('acme', 1_000))
    for (const { status } of await Promise.all(Array.from({ length: 20 }, () => bench.call('acme')))) {
      expect(status).toBe(200)
    }
  })

  it('succeed when it is let go in time', async () => {
    const holder = await bench.cluster.connect(database)
    await holder.query('begin; lock table audit_event in access exclusive mode')
    const attempts = Array.from({ length: 20 }, () => bench.call('acme'))
    await new Promise((resolve) => setTimeout(resolve, 500))
    await holder.end()
    for (const { status } of await Promise.all(attempts)) expect(status).toBe(200)
  })

  it('of master are an outage for everybody within 3 s, and for nobody once it is let go', async () => {
    const holder = await bench.cluster.connect('authsec')
    await holder.query('begin; lock table tenant in access exclusive mode')
    const attempts = Array.from({ length: 40 }, async (_, index) => {
      await new Promise((resolve) => setTimeout(resolve, index * 60))
      return bench.call(index % 2 === 0 ? 'acme' : 'globex')
    })
    for (const attempt of await Promise.all(attempts)) {
      bench.expectOutage(attempt, ['AUTH_UNAVAILABLE', 'OVERLOADED'])
      expect(attempt.milliseconds).toBeLessThan(3_000)
    }
    expect(await bench.status('/healthz')).toBe(200)
    await holder.end()
    report('F5 master', await bench.recovery('acme', 1_000))
  })
})
