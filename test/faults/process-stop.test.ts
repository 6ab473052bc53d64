import { setTimeout as pause } from 'node:timers/promises'
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals'
import { DatabaseGate } from '../support/database-gate.js'
import { Campaign } from '../support/campaign.js'
import { LoadClient } from '../support/load.js'
import { ProductionSite } from '../support/production-site.js'
import type { ServerChild } from '../support/server-child.js'
import { until } from '../support/until.js'

/** 50 in a full run. */
const rounds = Number(process.env['AUTHSEC_TEST_STOPS'] ?? (process.env['CI'] === undefined ? 50 : 5))

let site: ProductionSite
let token: string
beforeAll(async () => {
  site = await ProductionSite.create()
  token = await site.token()
})
afterAll(() => site?.close())
afterEach(() => site.killAll())

async function started(): Promise<ServerChild> {
  const server = site.start()
  await server.ready()
  return server
}

const connect = () => new LoadClient(site.url, token).open()

describe('a server that is asked to stop', () => {
  it('says at once that it is not ready, and serves for a moment whoever has not looked yet', async () => {
    const server = await started()
    const client = await connect()
    expect((await client.call('hello')).headers.get('connection')).toBe('keep-alive')
    server.signal('SIGTERM')
    const asked = performance.now()
    await until(async () => (await server.status('/readyz')) === 503, 500)
    expect(await server.status('/healthz')).toBe(200)
    const answer = await client.call('hello')
    expect({ status: answer.status, connection: answer.headers.get('connection') }).toEqual({
      status: 200,
      connection: 'close',
    })
    expect(await server.ended).toEqual({ code: 0, signal: null })
    expect(performance.now() - asked).toBeLessThan(3_000)
  })

  it('ends open streams and lets a running call end, and is gone as soon as that is done', async () => {
    const server = await started()
    const client = await connect()
    const stream = await client.listen()
    const slow = client.call('book', { nonce: 'slow', ms: 2_500 })
    await until(async () => (await site.record()).orphans === 1)
    const asked = performance.now()
    server.signal('SIGTERM')
    await stream.ended
    expect(performance.now() - asked).toBeLessThan(2_400)
    const answer = await slow
    expect(answer).toMatchObject({ status: 200, text: expect.stringContaining('slow') })
    expect(answer.headers.get('connection')).toBe('close')
    expect(await server.ended).toEqual({ code: 0, signal: null })
    expect(performance.now() - asked).toBeLessThan(6_000)
    expect(await site.record()).toMatchObject({ orphans: 0, wrong: 0 })
  })

  it.each(['patient', 'stubborn'])('ends within ten seconds, whatever a %s call does', async (tool) => {
    const before = await site.record()
    const server = await started()
    const client = await connect()
    const running = client.call(tool)
    await until(async () => (await site.record()).orphans === before.orphans + 1)
    const asked = performance.now()
    server.signal('SIGTERM')
    const answer = await running
    expect(answer).toMatchObject({ status: 503, text: expect.stringContaining('SHUTTING_DOWN') })
    expect(await server.ended).toEqual({ code: 0, signal: null })
    const milliseconds = performance.now() - asked
    console.info(`gone ${Math.round(milliseconds)} ms after the signal, with a ${tool} call`)
    expect(milliseconds).toBeLessThan(10_000)
    // A handler that does not heed its signal may run on: nobody can say how it came out.
    expect((await site.record()).orphans).toBe(before.orphans + (tool === 'patient' ? 0 : 1))
  })

  it('ends within eleven seconds also when its database is silent, and says that it did not end in order', async () => {
    const gate = await DatabaseGate.create(site.database.connection, 'open')
    const server = site.start({ connection: gate.connection })
    await server.ready()
    const client = await connect()
    const running = client.call('stubborn')
    await pause(500)
    await gate.set('silent')
    const asked = performance.now()
    server.signal('SIGTERM')
    await running.catch(() => undefined)
    const { signal } = await server.ended
    expect(signal).toBeNull()
    expect(performance.now() - asked).toBeLessThan(11_000)
    await gate.close()
  })

  it('ends at once when it is asked again', async () => {
    const server = await started()
    const client = await connect()
    const running = client.call('patient').catch(() => undefined)
    await until(async () => (await site.record()).orphans > 0)
    server.signal('SIGTERM')
    await until(async () => (await server.status('/readyz')) === 503)
    const asked = performance.now()
    server.signal('SIGTERM')
    expect(await server.ended).toEqual({ code: 143, signal: null })
    expect(performance.now() - asked).toBeLessThan(500)
    await running
  })
})

it(`loses nothing and runs nothing twice when it is stopped at random ${rounds} times under load`, async () => {
  const before = await site.record()
  const campaign = await Campaign.begin(site)
  for (let round = 0; round < rounds; round += 1) {
    await pause(Math.random() * 300)
    expect(await campaign.restart('SIGTERM')).toEqual({ code: 0, signal: null })
  }
  const { booked, load } = await campaign.end()
  const record = await site.record()
  expect(new Set(booked).size).toBe(booked.length)
  expect(new Set(booked)).toEqual(new Set(load.acknowledged))
  const others = load.refused.filter(
    ({ status, text }) => status !== 503 || !/SHUTTING_DOWN|AUTH_UNAVAILABLE/.test(text),
  )
  expect(others).toEqual([])
  expect({ orphans: record.orphans, wrong: record.wrong }).toEqual({ orphans: before.orphans, wrong: 0 })
  expect(record.outcomes - before.outcomes).toBe(booked.length)
}, 900_000)
