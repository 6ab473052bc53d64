import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { Client as NextClient } from '@modelcontextprotocol/client'
import { StdioClientTransport as NextTransport } from '@modelcontextprotocol/client/stdio'
import { Client } from '@modelcontextprotocol/sdk/client/index.js'
import { StdioClientTransport } from '@modelcontextprotocol/sdk/client/stdio.js'
import { resolve } from 'node:path'
import { processesBelow } from '../../support/embedded-home.js'
import { signInTools } from '../../support/login-clients.js'
import { temporaryHome, type TemporaryHome } from '../../support/server-process.js'
import { until } from '../../support/until.js'

const about = { name: 'test', version: '1.0.0' }

describe('a server on stdio, as real clients start it', () => {
  let home: TemporaryHome
  beforeAll(async () => {
    home = await temporaryHome()
  })
  afterAll(async () => {
    await until(() => processesBelow(home.path).length === 0)
    await home.remove()
  })

  const command = () => ({
    command: process.execPath,
    args: [resolve('samples/quickstart/dist/stdio.js')],
    env: { PATH: process.env['PATH'] ?? '', AUTHSEC_HOME: home.path, AUTHSEC_OPEN_BROWSER: '0' },
    cwd: '/',
    stderr: 'ignore' as const,
  })

  it('lists and calls for @modelcontextprotocol/sdk', async () => {
    const client = new Client(about)
    await client.connect(new StdioClientTransport(command()))
    expect((await client.listTools()).tools.map(({ name }) => name)).toEqual(signInTools)
    const answer = await client.callTool({ name: 'oauth_status', arguments: {} })
    expect(answer.structuredContent).toMatchObject({ status: 'not_found' })
    await client.close()
  }, 60_000)

  it.each([undefined, 'legacy', 'auto'] as const)(
    'lists and calls for @modelcontextprotocol/client in the mode %s',
    async (mode) => {
      const client = new NextClient(about, mode === undefined ? {} : { versionNegotiation: { mode } })
      await client.connect(new NextTransport(command()))
      expect((await client.listTools()).tools.map(({ name }) => name)).toEqual(signInTools)
      const answer = await client.callTool({ name: 'oauth_status', arguments: {} })
      expect(answer.structuredContent).toMatchObject({ status: 'not_found' })
      await client.close()
    },
    60_000,
  )

  it('says plainly to a client that speaks a later protocol only that it does not', async () => {
    const client = new NextClient(about, { versionNegotiation: { mode: { pin: '2026-07-28' } } })
    const started = performance.now()
    await expect(client.connect(new NextTransport(command()))).rejects.toThrow(/version|not found|support/i)
    expect(performance.now() - started).toBeLessThan(30_000)
    await client.close()
  }, 60_000)
})
