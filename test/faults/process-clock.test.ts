import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals'
import { LoadClient } from '../support/load.js'
import { john, ProductionSite } from '../support/production-site.js'
import { mintTokens } from '../support/mint-tokens.js'
import type { ServerChild } from '../support/server-child.js'
import { until } from '../support/until.js'

let site: ProductionSite
beforeAll(async () => {
  site = await ProductionSite.create()
})
afterAll(() => site?.close())
afterEach(() => site.killAll())

const set = (seconds: number) => writeFile(site.path('shift'), String(seconds * 1_000))

async function startWith(seconds: number): Promise<ServerChild> {
  await set(seconds)
  const preload = join(process.cwd(), 'test/support/shifted-clock.mjs')
  const server = site.start({ node: ['--import', preload], env: { SHIFT_FILE: site.path('shift') } })
  await server.ready()
  return server
}

/** Sets the clock of a running server. */
async function shift(server: ServerChild, seconds: number): Promise<void> {
  await set(seconds)
  server.signal('SIGUSR2')
  await pause(100)
}

async function tokenOfAge(seconds: number): Promise<string> {
  const { postgres } = site.database
  const options = { audience: site.url, emails: [john], methods: ['pwd'], ageSeconds: seconds }
  return (await mintTokens({ postgres, keyring: postgres.keys }, options)).get(john) ?? ''
}

const statusWith = async (token: string): Promise<number> =>
  (await new LoadClient(site.url, token).send('initialize', hello)).status

const hello = { protocolVersion: '2025-11-25', capabilities: {}, clientInfo: { name: 'clock', version: '1' } }

describe('a server whose clock is wrong', () => {
  it.each([
    { behind: 45, age: 0, status: 200 },
    { behind: 90, age: 0, status: 401 },
    { behind: 90, age: 60, status: 200 },
    { behind: -45, age: 3_600, status: 200 },
    { behind: -90, age: 3_600, status: 401 },
    { behind: -90, age: 3_500, status: 200 },
  ])('by $behind s lets a token of $age s in with $status: 60 s are forgiven', async ({ behind, age, status }) => {
    await startWith(-behind)
    expect(await statusWith(await tokenOfAge(age))).toBe(status)
  })

  it('keeps sessions as long as the database says, however far the clock jumps', async () => {
    const server = await startWith(0)
    const client = await new LoadClient(`${server.origin}/mcp`, undefined).open()
    for (const seconds of [90, -90, 2 * 60 * 60, 24 * 60 * 60, -60 * 60, 0]) {
      await shift(server, seconds)
      expect({ seconds, status: (await client.send('ping')).status }).toEqual({ seconds, status: 200 })
    }
    await site.database.sql(`update transport_session set used_at = now() - interval '31 minutes'`)
    expect((await client.send('ping')).status).toBe(404)
  })

  it('times out as before and keeps the record by the clock of the database, however far the clock jumps', async () => {
    const server = await startWith(0)
    const [{ begun: from } = {}] = await site.database.sql('select clock_timestamp() as begun')
    const client = await new LoadClient(site.url, await site.token()).open()
    for (const seconds of [-60 * 60, 30, -30]) {
      const slow = client.call('book', { nonce: `clock ${seconds}`, ms: 500 })
      await until(async () => (await site.record()).orphans === 1)
      await shift(server, seconds)
      const begun = performance.now()
      expect((await slow).status).toBe(200)
      expect(performance.now() - begun).toBeLessThan(5_000)
      expect(await server.status('/readyz')).toBe(200)
      await shift(server, 0)
    }
    const rows = await site.database.tenantSql(
      site.tenant,
      `select at between $1 and clock_timestamp() as timely from audit_event where operation = 'book'`,
      [from],
    )
    expect(rows).toEqual(Array.from({ length: 6 }, () => ({ timely: true })))
    server.signal('SIGTERM')
    expect(await server.ended).toEqual({ code: 0, signal: null })
  })
})
