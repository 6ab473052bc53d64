import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals'
import { FaultBench, type Attempt } from '../support/fault-bench.js'
import { until } from '../support/until.js'
import { report } from '../support/report-recovery.js'

const restarts = Number(process.env['FAULT_RESTARTS'] ?? 20)

let bench: FaultBench
beforeAll(async () => {
  bench = await FaultBench.open()
})
afterAll(() => bench?.close())
afterEach(() => bench?.expectFailedClosed())

describe('a cluster that goes away while the server runs', () => {
  it('makes calls an outage and the server not ready, and everything works within 3 s of its return', async () => {
    expect((await bench.call('acme')).status).toBe(200)
    expect(await bench.status('/readyz')).toBe(200)
    const before = bench.handled
    await bench.cluster.stop('immediate')
    for (let round = 0; round < 3; round += 1) bench.expectOutage(await bench.call('acme'))
    expect(bench.handled).toBe(before)
    // An answer to a probe is kept for a moment.
    await until(async () => (await bench.status('/readyz')) === 503, 1_000)
    expect(await bench.status('/healthz')).toBe(200)
    await bench.cluster.start()
    report('F2', await bench.recovery('acme', 3_000))
    await until(async () => (await bench.status('/readyz')) === 200, 1_000)
  })

  it('is an outage or a success for each call when it restarts again and again under load, and nothing between', async () => {
    const attempts: Attempt[] = []
    let loading = true
    const load = ['acme', 'globex', 'acme', 'globex'].map(async (tenant) => {
      while (loading) attempts.push(await bench.call(tenant))
    })
    const recoveries: number[] = []
    try {
      for (let round = 0; round < restarts; round += 1) {
        await bench.recovery('acme', 5_000)
        await bench.cluster.stop('fast')
        await bench.cluster.start()
        recoveries.push(await bench.recovery('acme', 2_000))
      }
    } finally {
      loading = false
      await Promise.all(load)
    }
    for (const attempt of attempts) if (attempt.status !== 200) bench.expectOutage(attempt)
    const refused = attempts.filter(({ status }) => status !== 200)
    expect(refused.length).toBeGreaterThan(0)
    expect(attempts.length - refused.length).toBeGreaterThan(restarts)
    report('F4', Math.max(...recoveries))
  })
})
