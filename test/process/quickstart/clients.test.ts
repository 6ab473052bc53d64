import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { Client as ModernClient, StreamableHTTPClientTransport as ModernTransport } from '@modelcontextprotocol/client'
import { Client } from '@modelcontextprotocol/sdk/client/index.js'
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js'
import { CliSite } from '../../support/cli-site.js'
import { expectedAccess, quickstartTools, quickstartUsers, type QuickstartUser } from '../../support/expected-access.js'
import { signInTools } from '../../support/login-clients.js'
import { mintFromHome } from '../../support/mint-tokens.js'
import { runProgram } from '../../support/server-process.js'

const inspector = 'node_modules/@modelcontextprotocol/inspector/clients/launcher/build/index.js'

describe('the quickstart, as real clients see it', () => {
  let site: CliSite
  const tokens = new Map<QuickstartUser, string>()

  beforeAll(async () => {
    site = await CliSite.start()
    for (const user of quickstartUsers) {
      const { code, stdout, stderr } = await site.run('token', '--user', user)
      expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
      tokens.set(user, stdout.trim())
    }
  }, 60_000)
  afterAll(() => site?.close())

  const bearer = (user: QuickstartUser) => ({
    requestInit: { headers: { authorization: `Bearer ${tokens.get(user)}` } },
  })

  it.each(quickstartUsers)('lists and calls for %s with the SDK client exactly what the table says', async (user) => {
    const client = new Client({ name: 'test', version: '1' })
    await client.connect(new StreamableHTTPClientTransport(new URL(site.server.url), bearer(user)))
    const { tools } = await client.listTools()
    expect(tools.map(({ name }) => name)).toEqual(expectedAccess[user])
    expect(await client.callTool({ name: 'hello' })).toEqual({ content: [{ type: 'text', text: `Hello, ${user}!` }] })
    const hidden = quickstartTools.filter((tool) => !expectedAccess[user].some((visible) => visible === tool))
    for (const name of [...hidden, 'no_such_tool']) {
      const refusal = client.callTool({ name, arguments: name === 'create_resource' ? { name: 'x' } : {} })
      await expect(refusal).rejects.toMatchObject({
        code: -32602,
        message: expect.stringContaining(`Unknown tool: ${name}`),
      })
    }
    await client.close()
  })

  it.each(quickstartUsers)(
    'lists for %s with the client of the next generation exactly what the table says',
    async (user) => {
      const client = new ModernClient({ name: 'test', version: '1' })
      await client.connect(new ModernTransport(new URL(site.server.url), bearer(user)))
      const { tools } = await client.listTools()
      expect(tools.map(({ name }) => name)).toEqual(expectedAccess[user])
      await client.close()
    },
  )

  const inspect = (user: QuickstartUser | undefined, ...args: readonly string[]) =>
    inspectAt(site.server.url, user, ...args)
  const inspectAt = (url: string, user: QuickstartUser | undefined, ...args: readonly string[]) =>
    runProgram(
      [
        inspector,
        ...['--cli', '--server-url', url, '--transport', 'http', '--format', 'json', '-q', '--stored-auth-only'],
        ...(user === undefined ? [] : ['--header', `Authorization: Bearer ${tokens.get(user)}`]),
        ...args,
      ],
      { HOME: site.home.path },
    )

  it.each(quickstartUsers)('lists for %s with the Inspector exactly what the table says', async (user) => {
    const { code, stdout } = await inspect(user, '--method', 'tools/list')
    const { result } = JSON.parse(stdout) as { result: { tools: { name: string }[] } }
    expect({ code, names: result.tools.map(({ name }) => name) }).toEqual({ code: 0, names: expectedAccess[user] })
  })

  it('calls with the Inspector what is allowed and not what is hidden', async () => {
    const allowed = await inspect('john@company.com', '--method', 'tools/call', '--tool-name', 'admin_panel')
    expect(allowed).toMatchObject({ code: 0, stdout: expect.stringContaining('Admin panel accessed') })
    const hidden = await inspect('guest@company.com', '--method', 'tools/call', '--tool-name', 'admin_panel')
    expect(hidden.code).not.toBe(0)
    expect(hidden.stdout).not.toContain('Admin panel accessed')
  })

  it('shows the Inspector how to sign in where it brings no token, or asks it for authorization by path', async () => {
    const { code, stdout } = await inspect(undefined, '--method', 'tools/list')
    const { result } = JSON.parse(stdout) as { result: { tools: { name: string }[] } }
    expect({ code, names: result.tools.map(({ name }) => name) }).toEqual({ code: 0, names: signInTools })
    expect((await inspectAt(site.server.oauthUrl, undefined, '--method', 'tools/list')).code).toBe(3)
  })

  const post = (path: string, token: string | undefined) =>
    fetch(site.server.origin + path, {
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        accept: 'application/json, text/event-stream',
        ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
      },
      body: JSON.stringify({
        jsonrpc: '2.0',
        id: 1,
        method: 'initialize',
        params: { protocolVersion: '2025-11-25', capabilities: {}, clientInfo: { name: 'test', version: '1' } },
      }),
    })

  it('names its metadata and scopes to whoever brings no token', async () => {
    const response = await post('/mcp/oauth', undefined)
    expect(response.status).toBe(401)
    expect(response.headers.get('www-authenticate')).toBe(
      `Bearer resource_metadata="${site.server.origin}/.well-known/oauth-protected-resource/mcp/oauth", scope="mcp write read admin"`,
    )
    expect((await post('/mcp', undefined)).status).toBe(200)
  })

  it('refuses garbage, expired, foreign-audience and foreign-issuer tokens, and takes the good twin', async () => {
    const mint = async (...flags: readonly string[]) =>
      (await site.run('token', '--user', 'john@company.com', ...flags)).stdout.trim()
    const emails = ['john@company.com']
    const expired = await mintFromHome(site.home.path, { audience: site.server.url, emails, ageSeconds: 7_200 })
    const refused = {
      garbage: 'garbage',
      tampered: `${tokens.get('john@company.com')?.slice(0, -6)}AAAAAA`,
      'another path of this server': await mint('--audience', site.server.oauthUrl),
      'another server': await mint('--audience', 'http://127.0.0.1:1/mcp'),
      expired: expired.get('john@company.com'),
    }
    for (const [name, token] of Object.entries(refused)) {
      const { status, headers } = await post('/mcp', token)
      expect({ name, status, challenge: headers.get('www-authenticate') }).toEqual({
        name,
        status: 401,
        challenge: expect.stringContaining('error="invalid_token"'),
      })
    }
    expect((await post('/mcp', await mint('--audience', site.server.url))).status).toBe(200)
    expect((await post('/mcp/oauth', refused['another path of this server'])).status).toBe(200)
  })

  it('hides what the token does not carry, whatever the database grants', async () => {
    const { stdout } = await site.run('token', '--user', 'john@company.com', '--scope', 'read')
    const client = new Client({ name: 'test', version: '1' })
    const requestInit = { headers: { authorization: `Bearer ${stdout.trim()}` } }
    await client.connect(new StreamableHTTPClientTransport(new URL(site.server.url), { requestInit }))
    const names = (await client.listTools()).tools.map(({ name }) => name)
    expect(names).toEqual(expectedAccess['john@company.com'].filter((name) => name !== 'create_resource'))
    await client.close()
  })
})
