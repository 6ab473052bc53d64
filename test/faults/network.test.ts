import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals'
import { FaultBench, type Attempt } from '../support/fault-bench.js'
import type { Fault } from '../support/fault-proxy.js'
import { report } from '../support/report-recovery.js'
import { until } from '../support/until.js'

let bench: FaultBench
beforeAll(async () => {
  bench = await FaultBench.open()
})
afterAll(() => bench?.close())
beforeEach(async () => {
  for (const tenant of bench.tenants.keys()) expect((await bench.call(tenant)).status).toBe(200)
})
afterEach(async () => {
  await bench?.proxy.set('pass')
  await bench?.expectFailedClosed()
})

const crowd = (): Promise<readonly Attempt[]> =>
  Promise.all(Array.from({ length: 30 }, (_, index) => bench.call(index % 2 === 0 ? 'acme' : 'globex')))

describe('a network between the server and PostgreSQL', () => {
  it.each<{ fault: Fault; row: string; outage: number; recovery: number }>([
    { fault: 'blackhole', row: 'F6 blackhole', outage: 5_000, recovery: 5_000 },
    { fault: 'refuse', row: 'F2 refuse', outage: 3_000, recovery: 3_000 },
    { fault: 'reset', row: 'F2 reset', outage: 3_000, recovery: 3_000 },
    // What is under way still takes as long as it did.
    { fault: { latency: 2_000 }, row: 'F5 latency', outage: 3_000, recovery: 3_000 },
    { fault: { throttle: 20 }, row: 'F5 throttle', outage: 3_000, recovery: 1_000 },
    { fault: { cutAfter: 10 }, row: 'F2 cut', outage: 3_000, recovery: 3_000 },
  ])('that fails in one way ($fault) makes every call an outage in time, and none afterwards', async (row) => {
    const before = bench.handled
    await bench.proxy.set(row.fault)
    for (let round = 0; round < 2; round += 1) {
      for (const attempt of await crowd()) {
        bench.expectOutage(attempt)
        expect(attempt.milliseconds).toBeLessThan(row.outage)
      }
    }
    expect(bench.handled).toBe(before)
    expect(await bench.status('/readyz')).toBe(503)
    expect(await bench.status('/healthz')).toBe(200)
    await bench.proxy.set('pass')
    report(row.row, await bench.recovery('acme', row.recovery))
    // An answer to a probe is kept for a moment, and one that is under way takes as long as everything did.
    await until(async () => (await bench.status('/readyz')) === 200, Math.max(1_000, row.recovery))
    await until(async () => (await crowd()).every(({ status }) => status === 200), row.recovery)
  })

  it('that was silent leaves no connection of that time in use', async () => {
    await bench.proxy.set('blackhole')
    await crowd()
    const { accepted } = bench.proxy.counts
    await bench.proxy.set('pass')
    await bench.recovery('acme', 5_000)
    for (const { status } of await crowd()) expect(status).toBe(200)
    expect(bench.proxy.counts.accepted).toBeGreaterThan(accepted)
  })

  it('that is only slow is no outage', async () => {
    await bench.proxy.set({ latency: 50 })
    for (const { status } of await crowd()) expect(status).toBe(200)
  })

  it('that flips bits is an outage at worst, and never the end of the server', async () => {
    const statuses = new Set<number>()
    for (let round = 0; round < 5; round += 1) {
      await bench.proxy.set('corrupt')
      for (const { status } of await crowd()) statuses.add(status)
      await bench.proxy.set('pass')
      await bench.recovery('acme', 5_000)
    }
    expect(statuses).not.toContain(0)
    expect(statuses).toContain(503)
    await until(async () => (await bench.status('/readyz')) === 200, 1_000)
  })
})
