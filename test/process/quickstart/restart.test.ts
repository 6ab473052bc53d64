import { readdir, readFile, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { Client } from 'pg'
import { attachEmbeddedPostgres } from '../../../src/adapter/postgres/embedded/embedded-postgres.js'
import { quickstartUsers } from '../../support/expected-access.js'
import { runCli, startServerProcess, temporaryHome, type TemporaryHome } from '../../support/server-process.js'

describe('a development server over its restarts', () => {
  let home: TemporaryHome
  beforeAll(async () => {
    home = await temporaryHome()
  })
  afterAll(() => home.remove())

  const status = async (url: string, token: string): Promise<number> => {
    const response = await fetch(url, {
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        accept: 'application/json, text/event-stream',
        authorization: `Bearer ${token}`,
      },
      body: JSON.stringify({
        jsonrpc: '2.0',
        id: 1,
        method: 'initialize',
        params: { protocolVersion: '2025-11-25', capabilities: {}, clientInfo: { name: 'test', version: '1' } },
      }),
    })
    await response.arrayBuffer()
    return response.status
  }

  it('prints the ready lines, makes accounts once, and keeps accounts and keys after kill -9 of node and of PostgreSQL', async () => {
    const first = await startServerProcess({ home: home.path })
    expect(first.stdout()).toMatch(
      /^AuthSec ready: http:\/\/127\.0\.0\.1:\d+\/mcp\nAuthSec OAuth: http:\/\/127\.0\.0\.1:\d+\/mcp\/oauth\n/,
    )
    expect(first.stdout()).toContain('shown once')
    const accounts = await home.accounts()
    expect(accounts.map(({ email }) => email).toSorted()).toEqual([...quickstartUsers].toSorted())
    const port = new URL(first.url).port
    const token = (await runCli(home.path, 'token', '--user', 'john@company.com')).stdout.trim()
    expect(await status(first.url, token)).toBe(200)
    await first.kill()

    const second = await startServerProcess({ home: home.path, env: { PORT: port } })
    expect(second.stdout()).not.toContain('shown once')
    expect(await status(second.url, token)).toBe(200)
    process.kill(await postmaster(home.path), 'SIGKILL')
    await second.kill()

    const third = await startServerProcess({ home: home.path, env: { PORT: port } })
    expect(await status(third.url, token)).toBe(200)
    expect(await home.accounts()).toEqual(accounts)
    expect(await third.stop()).toBe(0)
  }, 60_000)

  it('does not bring back an account that an administrator removed', async () => {
    await eraseAccount(home.path, 'guest@company.com')
    const server = await startServerProcess({ home: home.path })
    expect((await runCli(home.path, 'account', 'list')).stdout).not.toContain('guest@company.com')
    await server.stop()
  }, 60_000)

  it('serves two servers from one home at once', async () => {
    const both = await Promise.all([startServerProcess({ home: home.path }), startServerProcess({ home: home.path })])
    const unsaid = await runCli(home.path, 'token', '--user', 'john@company.com')
    expect(unsaid).toMatchObject({
      code: 5,
      stdout: '',
      stderr: expect.stringMatching(/several servers run: .*--audience/),
    })
    for (const server of both) {
      const { stdout } = await runCli(home.path, 'token', '--user', 'john@company.com', '--audience', server.url)
      expect(await status(server.url, stdout.trim())).toBe(200)
    }
    expect(await Promise.all(both.map((server) => server.stop()))).toEqual([0, 0])
  }, 60_000)

  it('says that the port is taken, and exits', async () => {
    const server = await startServerProcess({ home: home.path })
    const again = startServerProcess({ home: home.path, env: { PORT: new URL(server.url).port } })
    const words = /^the server exited with 3: authsec: 127\.0\.0\.1:\d+ is in use; set PORT to another one\n$/
    await expect(again).rejects.toThrow(words)
    await server.stop()
  }, 60_000)

  it('leaves the passwords readable for their owner only, and the announcement gone after a stop', async () => {
    expect((await stat(join(home.path, 'accounts.json'))).mode & 0o777).toBe(0o600)
    expect(await readdir(join(home.path, 'servers'))).toEqual([])
  })
})

async function eraseAccount(home: string, email: string): Promise<void> {
  const embedded = await attachEmbeddedPostgres({ home, log: { write: () => undefined } })
  const { host, port, user, password } = embedded.connection
  const client = new Client({ host, port, user, password, database: 'tenant_acme_corp' })
  await client.connect()
  const { rowCount } = await client.query('delete from account where email = $1', [email])
  expect(rowCount).toBe(1)
  await client.end()
  await embedded.close()
}

async function postmaster(home: string): Promise<number> {
  for (const entry of await readdir(home, { recursive: true })) {
    if (entry.endsWith('postmaster.pid')) return Number((await readFile(join(home, entry), 'utf8')).split('\n')[0])
  }
  throw new Error('no postmaster.pid below the home')
}
