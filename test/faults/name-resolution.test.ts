import dns from 'node:dns'
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals'
import { FaultBench } from '../support/fault-bench.js'
import { report } from '../support/report-recovery.js'

type Lookup = (hostname: string, options: { readonly all?: boolean }, answer: (...result: unknown[]) => void) => void

const host = 'postgres.test'
const genuine = dns.lookup
let mode: 'answer' | 'fail' | 'hang' = 'answer'
let asked = 0
let unanswered: (() => void)[] = []

const stub: Lookup = (hostname, options, answer) => {
  if (hostname !== host) return void Reflect.apply(genuine, dns, [hostname, options, answer])
  asked += 1
  const address = '127.0.0.1'
  const tell = (): void => (options.all === true ? answer(null, [{ address, family: 4 }]) : answer(null, address, 4))
  if (mode === 'answer') setImmediate(tell)
  else if (mode === 'hang') unanswered.push(tell)
  else setImmediate(answer, Object.assign(new TypeError(`getaddrinfo ENOTFOUND ${host}`), { code: 'ENOTFOUND' }))
}

let bench: FaultBench
beforeAll(async () => {
  Object.assign(dns, { lookup: stub })
  bench = await FaultBench.open({ host })
})
afterAll(async () => {
  await bench?.close()
  Object.assign(dns, { lookup: genuine })
})
afterEach(async () => {
  mode = 'answer'
  for (const tell of unanswered.splice(0)) tell()
  await bench?.expectFailedClosed()
})

const terminate = `select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'authsec'`

describe('a name server that', () => {
  it.each(['fail', 'hang'] as const)('%ss is not noticed while there are connections', async (how) => {
    expect((await bench.call('acme')).status).toBe(200)
    mode = how
    for (let round = 0; round < 20; round += 1) expect((await bench.call('acme')).status).toBe(200)
    expect(await bench.status('/readyz')).toBe(200)
  })

  it.each([
    { how: 'fail', bound: 3_000 },
    { how: 'hang', bound: 3_000 },
  ] as const)('$hows is an outage in time where there are none, and none afterwards', async ({ how, bound }) => {
    expect((await bench.call('acme')).status).toBe(200)
    mode = how
    await bench.cluster.sql('postgres', terminate)
    const before = bench.handled
    asked = 0
    const attempts = await Promise.all(Array.from({ length: 30 }, () => bench.call('acme')))
    for (const attempt of attempts) {
      bench.expectOutage(attempt)
      expect(attempt.body).not.toContain(host)
      expect(attempt.milliseconds).toBeLessThan(bound)
    }
    if (how === 'hang') expect(asked).toBe(1)
    expect(bench.handled).toBe(before)
    expect(await bench.status('/readyz')).toBe(503)
    expect(await bench.status('/healthz')).toBe(200)
    mode = 'answer'
    for (const tell of unanswered.splice(0)) tell()
    report(`F28 ${how}`, await bench.recovery('acme', 3_000))
  })
})
