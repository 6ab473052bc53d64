import { execFileSync } from 'node:child_process'
import { once } from 'node:events'
import { readdirSync } from 'node:fs'
import { connect, type Socket } from 'node:net'
import { setTimeout as pause } from 'node:timers/promises'
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals'
import { LoadClient } from '../support/load.js'
import { ProductionSite } from '../support/production-site.js'
import { until } from '../support/until.js'

let site: ProductionSite
beforeAll(async () => {
  site = await ProductionSite.create()
})
afterAll(() => site?.close())
afterEach(() => site.killAll())

const open = async () => new LoadClient(site.url, await site.token()).open()

describe('what cannot be written', () => {
  it('to a full disk is lost, and ends nothing', async () => {
    const before = await site.record()
    const server = site.start({ redirect: '>/dev/full 2>/dev/full', env: { AUTHSEC_LOG_LEVEL: 'debug' } })
    await server.listening()
    await until(async () => (await server.status('/readyz')) === 200)
    const client = await open()
    for (let round = 0; round < 20; round += 1) {
      expect((await client.call('no_such_tool')).status).toBe(200)
      expect((await client.call('hello')).status).toBe(200)
    }
    expect((await site.record()).outcomes - before.outcomes).toBe(20)
    server.signal('SIGTERM')
    expect(await server.ended).toEqual({ code: 0, signal: null })
  })

  it('to a reader that is gone is lost, and ends nothing', async () => {
    const server = site.start({ env: { AUTHSEC_LOG_LEVEL: 'debug' } })
    await server.ready()
    server.deafen()
    const client = await open()
    for (let round = 0; round < 20; round += 1) expect((await client.call('no_such_tool')).status).toBe(200)
    expect((await client.call('hello')).text).toContain('hello')
    server.signal('SIGTERM')
    expect(await server.ended).toEqual({ code: 0, signal: null })
  })
})

it('a server without descriptors refuses, and serves again once there are some', async () => {
  const server = site.start()
  await server.ready()
  const client = await open()
  // Not before it has started: loading the program needs more.
  const inUse = readdirSync(`/proc/${server.pid}/fd`).length
  execFileSync('prlimit', ['--pid', String(server.pid), `--nofile=${inUse + 12}`])
  const sockets = await crowd(200)
  const attempt = async (): Promise<number | 'refused'> =>
    (await client.send('tools/call', { name: 'hello' }, AbortSignal.timeout(5_000)).catch(() => undefined))?.status ??
    'refused'
  // More at once than there are connections, of clients and to the database.
  const during = await Promise.all(Array.from({ length: 30 }, attempt))
  for (const answer of during) expect(['refused', 200, 503]).toContain(answer)
  expect(server.running).toBe(true)
  for (const socket of sockets) socket.destroy()
  const freed = performance.now()
  await until(async () => (await client.call('hello').catch(() => undefined))?.status === 200, 10_000)
  console.info(`${during.join(' ')}; serves ${Math.round(performance.now() - freed)} ms after descriptors are free`)
  expect(performance.now() - freed).toBeLessThan(5_000)
  server.signal('SIGTERM')
  expect(await server.ended).toEqual({ code: 0, signal: null })
})

/** Connections that say nothing; those that are not taken are closed by the server. */
async function crowd(count: number): Promise<readonly Socket[]> {
  const sockets = Array.from({ length: count }, () => connect(site.port, '127.0.0.1').on('error', () => undefined))
  await Promise.race([
    Promise.all(sockets.map((socket) => once(socket, 'connect').catch(() => undefined))),
    pause(2_000),
  ])
  return sockets
}

describe('an event loop that stands still for two seconds', () => {
  it('costs nobody a session, and the database and its hints are back at once', async () => {
    const server = site.start({ env: { AUTHSEC_LOG_LEVEL: 'info' } })
    await server.ready()
    const clients = await Promise.all(Array.from({ length: 10 }, open))
    for (let round = 0; round < 3; round += 1) {
      const calls = clients.map((client, index) => client.call('book', { nonce: `loop ${round} ${index}`, ms: 200 }))
      const blocking = clients[0]?.call('block')
      const answers = await Promise.all(calls)
      expect((await blocking)?.status).toBe(200)
      const unblocked = performance.now()
      const after = await Promise.all(clients.map((client) => client.call('hello')))
      console.info(
        `in flight: ${answers.map(({ status }) => status).join(' ')}; after: ${after.map(({ status }) => status).join(' ')}, ` +
          `${Math.round(performance.now() - unblocked)} ms`,
      )
      // Whoever waited for a database meanwhile may have to come again, and is told so.
      for (const { status, text } of answers.filter((answer) => answer.status !== 200)) {
        expect(status).toBe(503)
        expect(text).toMatch(/"code":"(?:AUTH_UNAVAILABLE|TENANT_UNAVAILABLE|OVERLOADED)","retryable":true/)
      }
      expect(new Set(after.map(({ status }) => status))).toEqual(new Set([200]))
      expect(await server.status('/readyz')).toBe(200)
    }
    const [{ id } = {}] = await site.database.tenantSql(site.tenant, 'select id from account')
    await site.database.tenantSql(site.tenant, 'update account set disabled_at = now() where id = $1', [id])
    await until(async () => (await clients[0]?.send('ping'))?.status === 401, 2_000)
    await site.database.tenantSql(site.tenant, 'update account set disabled_at = null where id = $1', [id])
    await until(async () => (await clients[0]?.send('ping'))?.status === 200, 2_000)
  })
})
