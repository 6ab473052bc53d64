import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { ann, eve, TenantBench } from '../support/tenant-bench.js'
import { until } from '../support/until.js'

/** Of AUTHSEC_DATABASE_CONNECTIONS: what it leaves for one tenant. */
const connections = 40
const perTenant = 6
const flooders = 150

let bench: TenantBench
beforeAll(async () => {
  bench = await TenantBench.open({ AUTHSEC_DATABASE_CONNECTIONS: String(connections) })
  // What is counted below are the connections of the server alone.
  await bench.data.close()
}, 60_000)
afterAll(() => bench?.close())

/** Keeps many calls of ann running, each followed by the next, until it is told to end. */
class Flood {
  readonly statuses = new Map<number, number>()
  running = 0
  #going = true
  readonly #all: Promise<unknown>

  constructor() {
    this.#all = Promise.all(Array.from({ length: flooders }, () => this.#call()))
  }

  async end(): Promise<void> {
    this.#going = false
    await this.#all
  }

  async #call(): Promise<void> {
    while (this.#going) {
      this.running += 1
      const { status } = await bench.send(bench.tokenOf(ann))
      this.running -= 1
      this.statuses.set(status, (this.statuses.get(status) ?? 0) + 1)
    }
  }
}

describe('a tenant that calls far more than its share', () => {
  it('takes nothing from another: every call of that goes on, from connections of its own', async () => {
    const databases = { acme: await bench.databaseOf('acme'), globex: await bench.databaseOf('globex') }
    const flood = new Flood()
    await until(() => flood.running === flooders, 20_000)
    const open: ReadonlyMap<string, number>[] = []
    const running: number[] = []
    try {
      for (let call = 0; call < 25; call += 1) {
        running.push(flood.running)
        const { status, text } = await bench.send(bench.tokenOf(eve))
        expect({ call, status, text }).toEqual({ call, status: 200, text: expect.stringContaining(`${eve} of globex`) })
        if (call % 5 === 0) open.push(await bench.connections())
      }
    } finally {
      await flood.end()
    }
    // The flood was on all the time, and was served, too: with its own share, and with nothing worse than "come back later".
    expect(Math.min(...running)).toBeGreaterThan(flooders / 2)
    expect([...flood.statuses.keys()].filter((status) => status !== 200 && status !== 503)).toEqual([])
    expect(flood.statuses.get(200) ?? 0).toBeGreaterThan(25)
    expect(Math.max(...open.map((one) => one.get(databases.acme) ?? 0))).toBeLessThanOrEqual(perTenant)
    expect(Math.min(...open.map((one) => one.get(databases.globex) ?? 0))).toBeGreaterThanOrEqual(1)
    expect(Math.max(...open.map(total))).toBeLessThanOrEqual(connections)
  }, 120_000)

  it('is served as before once it is quiet again', async () => {
    expect((await bench.send(bench.tokenOf(ann))).status).toBe(200)
    expect((await bench.send(bench.tokenOf(eve))).status).toBe(200)
  })
})

function total(open: ReadonlyMap<string, number>): number {
  return [...open.values()].reduce((sum, count) => sum + count, 0)
}
