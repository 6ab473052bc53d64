import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { publicTool, protectedByAuthSec, type AuthSecAppOptions, type LoginWay } from '../../src/index.js'
import { listenInProcess, type TestServer } from '../support/listening-app.js'
import { signInTools } from '../support/login-clients.js'
import { initialize } from '../support/mcp-harness.js'
import { mintFromHome } from '../support/mint-tokens.js'

const tools = [publicTool('open', {}, () => 'open'), protectedByAuthSec('closed', {}, () => 'closed')]
const options: AuthSecAppOptions = { tools, clientId: 'ways', tenants: 'any' }
const ways: readonly LoginWay[] = ['oauth', 'tools', 'both']

const headers = { 'content-type': 'application/json', accept: 'application/json, text/event-stream' }

describe('a server whose clients sign in', () => {
  const servers = new Map<LoginWay, TestServer>()
  beforeAll(async () => {
    for (const login of ways) servers.set(login, await listenInProcess({ ...options, login }))
  }, 120_000)
  afterAll(async () => {
    for (const server of servers.values()) await server.close()
  })

  const at = (login: LoginWay): TestServer => {
    const server = servers.get(login)
    if (server === undefined) throw new TypeError(`${login} was not started`)
    return server
  }
  const post = (url: URL, message: object, more: Readonly<Record<string, string>> = {}) =>
    fetch(url, { method: 'POST', headers: { ...headers, ...more }, body: JSON.stringify(message) })
  const status = async (login: LoginWay, path: string): Promise<number> => {
    const response = await post(new URL(path, at(login).url), initialize())
    await response.arrayBuffer()
    return response.status
  }
  const describedAt = async (login: LoginWay, path: string): Promise<unknown> => {
    const response = await fetch(new URL(`/.well-known/oauth-protected-resource${path}`, at(login).url))
    return response.status === 200 ? ((await response.json()) as { resource: unknown }).resource : response.status
  }
  const list = async (url: URL, more: Readonly<Record<string, string>> = {}) => {
    const opened = await post(url, initialize(), more)
    await opened.arrayBuffer()
    const session = opened.headers.get('mcp-session-id') ?? ''
    const answer = await post(
      url,
      { jsonrpc: '2.0', id: 1, method: 'tools/list' },
      { ...more, 'mcp-session-id': session },
    )
    const { result } = (await answer.json()) as { result: { tools: { name: string }[] } }
    return result.tools.map(({ name }) => name)
  }

  it.each<[LoginWay, number, number]>([
    ['oauth', 401, 401],
    ['tools', 200, 404],
    ['both', 200, 401],
  ])('by %s answers whoever brings no token with %i on /mcp and %i on /mcp/oauth', async (login, mcp, oauth) => {
    expect([await status(login, '/mcp'), await status(login, '/mcp/oauth')]).toEqual([mcp, oauth])
  })

  it.each<[LoginWay, string, string | number]>([
    ['oauth', '/mcp/oauth', '/mcp/oauth'],
    ['tools', '/mcp', 404],
    ['both', '/mcp/oauth', '/mcp/oauth'],
  ])('by %s describes %s at the root', async (login, root, oauth) => {
    const { origin } = new URL(at(login).url)
    expect(await describedAt(login, '')).toBe(origin + root)
    expect(await describedAt(login, '/mcp')).toBe(`${origin}/mcp`)
    expect(await describedAt(login, '/mcp/oauth')).toBe(typeof oauth === 'string' ? origin + oauth : oauth)
  })

  it.each<[LoginWay, boolean]>([
    ['oauth', true],
    ['tools', false],
    ['both', true],
  ])('by %s names a second address: %s', (login, named) => {
    const { oauthUrl, url } = at(login)
    expect(oauthUrl).toBe(named ? `${url}/oauth` : undefined)
  })

  it.each<[LoginWay, boolean]>([
    ['oauth', false],
    ['tools', true],
    ['both', true],
  ])('by %s has the pages of the five tools: %s', async (login, served) => {
    const { origin } = new URL(at(login).url)
    const page = await fetch(`${origin}/authsec/login/${'x'.repeat(43)}`)
    expect(page.status).toBe(404)
    expect((await page.text()).includes('<html')).toBe(served)
  })

  it.each<[LoginWay]>([['tools'], ['both']])('by %s shows the five tools and what is public', async (login) => {
    expect(await list(new URL(at(login).url))).toEqual([...signInTools, 'open'])
  })

  it.each(ways)('by %s shows a bearer what is theirs, and none of the five tools', async (login) => {
    const { home, url } = at(login)
    const emails = ['john@company.com']
    const token = (await mintFromHome(home, { audience: url, emails })).get('john@company.com')
    expect(await list(new URL(url), { authorization: `Bearer ${token}` })).toEqual(['open', 'closed'])
  })
})
