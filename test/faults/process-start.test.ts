import { setTimeout as pause } from 'node:timers/promises'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals'
import { DatabaseGate } from '../support/database-gate.js'
import { LoadClient } from '../support/load.js'
import { ProductionSite } from '../support/production-site.js'
import { until } from '../support/until.js'

let site: ProductionSite
let gate: DatabaseGate
beforeAll(async () => {
  site = await ProductionSite.create()
})
afterAll(() => site?.close())
beforeEach(async () => {
  gate = await DatabaseGate.create(site.database.connection)
})
afterEach(async () => {
  await site.killAll()
  await gate.close()
})

const start = (env: Readonly<Record<string, string>> = {}) => site.start({ connection: gate.connection, env })

describe('a server whose database is not there yet', () => {
  it.each(['shut', 'silent'] as const)('waits while it is %s, and is ready soon after it answers', async (mode) => {
    await gate.set(mode)
    const server = start({ AUTHSEC_LOG_LEVEL: 'info' })
    await server.listening()
    await server.says('the start waits')
    await pause(3_000)
    expect([await server.status('/healthz'), await server.status('/readyz')]).toEqual([200, 503])
    expect(server.stderr.match(/the start waits/g)).toHaveLength(1)
    const opened = performance.now()
    await gate.set('open')
    await until(async () => (await server.status('/readyz')) === 200, 10_000)
    const milliseconds = performance.now() - opened
    console.info(`ready ${Math.round(milliseconds)} ms after a database that was ${mode}`)
    expect(milliseconds).toBeLessThan(5_000)
    await server.ready()
    expect(server.stderr).toContain('what the start has waited for answers')
    const client = await new LoadClient(site.url, await site.token()).open()
    expect((await client.call('hello')).text).toContain('hello')
    server.signal('SIGTERM')
    expect(await server.ended).toEqual({ code: 0, signal: null })
  })

  it('refuses everything else as an outage, whoever asks and wherever, and says nothing of why', async () => {
    const server = start()
    await server.listening()
    const body = JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'tools/list' })
    const large = 'x'.repeat(3_000_000)
    const asked: readonly [path: string, init: RequestInit][] = [
      ['/mcp', { method: 'POST', body }],
      ['/mcp', { method: 'POST', body, headers: { authorization: `Bearer ${await site.token()}` } }],
      ['/mcp/oauth', { method: 'POST', body: large }],
      ['/mcp/oauth', {}],
      ['/oauth/token', { method: 'POST', body: 'grant_type=authorization_code' }],
      ['/oauth/.well-known/openid-configuration', {}],
      ['/nowhere', {}],
    ]
    for (const [path, init] of asked) {
      const answer = await fetch(server.origin + path, init)
      expect(answer.headers.get('retry-after')).toBe('1')
      expect({ path, status: answer.status, body: await answer.json() }).toEqual({
        path,
        status: 503,
        body: {
          jsonrpc: '2.0',
          id: null,
          error: {
            code: -32000,
            message: 'The server cannot do this at the moment',
            data: { code: 'AUTH_UNAVAILABLE', retryable: true, ref: expect.any(String) },
          },
        },
      })
    }
  })

  it.each(['shut', 'silent'] as const)(
    'ends at once and in order when it is asked to, while it is %s',
    async (mode) => {
      await gate.set(mode)
      const server = start()
      await server.says('the start waits')
      const asked = performance.now()
      server.signal('SIGTERM')
      expect(await server.ended).toEqual({ code: 0, signal: null })
      expect(performance.now() - asked).toBeLessThan(500)
      expect(server.stderr.trim().split('\n')).toHaveLength(1)
    },
  )

  it('asks less and less often, and not in step with others', async () => {
    await gate.set('open')
    const passwordless = { ...gate.connection, port: gate.port }
    await gate.set('silent')
    const server = site.start({ connection: passwordless })
    await server.says('the start waits')
    const before = gate.taken
    await pause(6_000)
    // Two seconds until a silent one is given up, and about one until the next.
    expect(gate.taken - before).toBeLessThanOrEqual(3)
  })
})

describe('what waiting does not change', () => {
  it('ends the start: a password that PostgreSQL refuses', async () => {
    await gate.set('open')
    const server = site.start({ connection: { ...gate.connection, password: 'wrong' } })
    expect(await server.ended).toEqual({ code: 3, signal: null })
    expect(server.stderr).toMatch(/^authsec: PostgreSQL refuses the user name or password/m)
  })

  it('ends the start, also when it is found out after waiting', async () => {
    const server = site.start({ connection: { ...gate.connection, password: 'wrong' } })
    await server.says('the start waits')
    await gate.set('open')
    expect(await server.ended).toEqual({ code: 3, signal: null })
    expect(server.stderr).toMatch(/^authsec: PostgreSQL refuses the user name or password/m)
  })

  it('ends the start: a client id that nobody registered', async () => {
    await gate.set('open')
    const server = start({ AUTHSEC_CLIENT_ID: 'nobody' })
    expect(await server.ended).toEqual({ code: 3, signal: null })
    expect(server.stderr).toMatch(/^authsec: .*client id/m)
  })
})
