import { readdir } from 'node:fs/promises'
import { createServer } from 'node:net'
import { join, resolve } from 'node:path'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals'
import { Client } from '@modelcontextprotocol/sdk/client/index.js'
import { StdioClientTransport } from '@modelcontextprotocol/sdk/client/stdio.js'
import { ClientProgram } from '../support/client-program.js'
import { ClientsBench } from '../support/clients-bench.js'
import { expectedAccess, quickstartUsers } from '../support/expected-access.js'
import { HeadlessUser } from '../support/headless-user.js'
import { ResourceServer } from '../support/resource-server.js'

const proxy = resolve('node_modules/mcp-remote/dist/proxy.js')

let bench: ClientsBench
let remote: ClientProgram
const open: Client[] = []

beforeAll(async () => {
  bench = await ClientsBench.start()
}, 60_000)
beforeEach(async () => {
  remote = await ClientProgram.create(proxy)
})
afterEach(async () => {
  for (const client of open.splice(0)) await client.close()
  await remote.close()
})
afterAll(() => bench?.close())

/** Starts it as the server on stdio that a desktop client takes it for. */
async function connect(url: string, ...args: readonly string[]): Promise<Client> {
  const transport = new StdioClientTransport({
    ...{ command: process.execPath, env: remote.env, cwd: remote.home, stderr: 'ignore' },
    args: [proxy, url, ...args, '--allow-http', '--transport', 'http-only'],
  })
  const client = new Client({ name: 'test', version: '1' })
  open.push(client)
  await client.connect(transport)
  return client
}

/** The same while its user does what the browser is to show. */
async function signedIn(user: HeadlessUser, url: string, ...args: readonly string[]): Promise<Client> {
  const connecting = connect(url, ...args)
  await user.answer(await remote.asks())
  return connecting
}

async function call(client: Client, name: string): Promise<unknown> {
  const { content } = await client.callTool({ name, arguments: {} })
  return Array.isArray(content) ? Reflect.get(Object(content[0]), 'text') : undefined
}

async function tokensFile(): Promise<string> {
  const folder = '.mcp-auth/mcp-remote-v1'
  const file = (await readdir(join(remote.home, folder))).find((name) => name.endsWith('_tokens.json'))
  return join(folder, file ?? '')
}

describe('mcp-remote', () => {
  it.each(quickstartUsers)('registers, signs %s in, lists exactly what the table says, and calls', async (email) => {
    const client = await signedIn(bench.user(email), bench.server.oauthUrl)
    expect((await client.listTools()).tools.map(({ name }) => name)).toEqual(expectedAccess[email])
    expect(await call(client, 'hello')).toBe(`Hello, ${email}!`)
    expect(await remote.opened()).toHaveLength(1)
  })

  it('refreshes by itself when its token has ended, and asks nobody', async () => {
    const first = await signedIn(bench.user('john@company.com'), bench.server.oauthUrl)
    await first.close()
    const ended = await bench.endedToken('john@company.com')
    await remote.rewrite(await tokensFile(), (text) =>
      text.replace(/("access_token": ")[^"]+/, (_all, head: string) => head + ended),
    )
    const client = await connect(bench.server.oauthUrl)
    expect(await call(client, 'hello')).toBe('Hello, john@company.com!')
    expect(await remote.opened()).toHaveLength(1)
  })

  it('signs in as the client that a document describes, and registers nothing', async () => {
    const port = await freePort()
    const id = bench.publish('/remote.json', `http://localhost:${port}/oauth/callback`)
    const args = [String(port), '--client-metadata-url', id]
    const client = await signedIn(bench.user('john@company.com'), bench.server.oauthUrl, ...args)
    expect(await call(client, 'hello')).toBe('Hello, john@company.com!')
    expect(new URL((await remote.opened())[0] ?? '').searchParams.get('client_id')).toBe(id)
  })

  it('steps up by one question to the user', async () => {
    const server = await ResourceServer.start()
    try {
      const user = new HeadlessUser((jar, url) => server.signIn(jar, url, 'hedy@acme.test'))
      const client = await signedIn(user, server.resource)
      const calling = call(client, 'launch')
      await user.answer(await remote.asks(1))
      expect(await calling).toBe('launched')
      expect(await remote.opened()).toHaveLength(2)
    } finally {
      await server.close()
    }
  })
})

async function freePort(): Promise<number> {
  const server = createServer()
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done))
  const address = server.address()
  await new Promise((done) => server.close(done))
  return typeof address === 'object' && address !== null ? address.port : 0
}
