import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals'
import { Client } from 'pg'
import { FaultBench, type Attempt } from '../support/fault-bench.js'
import { report } from '../support/report-recovery.js'
import { until } from '../support/until.js'

let bench: FaultBench
beforeAll(async () => {
  bench = await FaultBench.open({ settings: { max_connections: '20' } })
})
afterAll(() => bench?.close())

const held: Client[] = []
const release = async (): Promise<void> => {
  await Promise.all(held.splice(0).map((client) => client.end()))
}
afterEach(async () => {
  await release()
  await bench?.expectFailedClosed()
})

/** Takes connections until PostgreSQL gives no more to anybody but its superuser. */
async function takeTheRest(): Promise<void> {
  for (;;) {
    const { host, port, user, password } = bench.connection
    const client = new Client({ host, port, user, password, database: 'postgres' })
    client.on('error', () => undefined)
    try {
      await client.connect()
      held.push(client)
    } catch {
      return
    }
  }
}

const ofServer = `select from pg_stat_activity where usename is not null and datname = any($1) and application_name = 'authsec'`

/** Ends the server's connections to these databases, and takes their places. */
async function takeOver(databases: readonly string[]): Promise<void> {
  await until(async () => {
    // The server takes places again meanwhile: its connections are ended until none of the places is left to it.
    await bench.cluster.sql('postgres', ofServer.replace('from', 'pg_terminate_backend(pid) from'), [databases])
    await takeTheRest()
    return (await bench.cluster.sql('postgres', ofServer, [databases])).length <= 1
  }, 30_000)
}

const crowd = (): Promise<readonly Attempt[]> =>
  Promise.all(Array.from({ length: 24 }, (_, index) => bench.call(index % 2 === 0 ? 'acme' : 'globex')))

describe('a PostgreSQL that takes no more connections', () => {
  it('is served from the connections there are, and those of a tenant make room for another', async () => {
    for (const { status } of await crowd()) expect(status).toBe(200)
    await takeTheRest()
    for (const { status } of await crowd()) expect(status).toBe(200)
    await bench.cluster.sql('postgres', ofServer.replace('from', 'pg_terminate_backend(pid) from'), [
      [await bench.databaseOf('acme')],
    ])
    await takeTheRest()
    const startedAt = performance.now()
    const attempt = await bench.call('acme')
    expect(attempt).toMatchObject({ status: 200 })
    report('F8 given up', performance.now() - startedAt)
    for (const one of await crowd()) if (one.status !== 200) bench.expectOutage(one)
    expect((await bench.call('globex')).status).toBe(200)
  })

  it('is an outage while nothing is left to give up, and none within 10 s of there being room', async () => {
    for (let round = 0; round < 3; round += 1) {
      await takeOver(['authsec', await bench.databaseOf('acme'), await bench.databaseOf('globex')])
    }
    const before = bench.handled
    const attempts = await crowd()
    for (const attempt of attempts) {
      bench.expectOutage(attempt)
      expect(attempt.milliseconds).toBeLessThan(3_000)
    }
    expect(bench.handled).toBe(before)
    expect(await bench.status('/readyz')).toBe(503)
    expect(await bench.status('/healthz')).toBe(200)
    await release()
    report('F8', await bench.recovery('acme', 10_000))
    await until(async () => (await crowd()).every(({ status }) => status === 200), 10_000)
    expect(await bench.status('/readyz')).toBe(200)
  })
})
