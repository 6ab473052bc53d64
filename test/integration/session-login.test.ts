import { once } from 'node:events'
import { createServer } from 'node:net'
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { PasswordHasher } from '../../src/adapter/issuer/password-hasher.js'
import type { Tenant } from '../../src/core/identity/tenant.js'
import { grantsOf } from '../../src/core/permission/grants.js'
import {
  allowInProcessManager,
  allowSessionLogin,
  protectedByAuthSec,
  type AuthSecAppOptions,
} from '../../src/index.js'
import { BrowserJar, type Shown } from '../support/browser-jar.js'
import { listenInProcess, type TestServer } from '../support/listening-app.js'
import { signInTools } from '../support/login-clients.js'
import { callTool, initialize, type Message } from '../support/mcp-harness.js'
import { namedFetch } from '../support/named-fetch.js'
import { openTestPostgres, type TestPostgres } from '../support/postgres.js'
import { until } from '../support/until.js'

const origin = 'https://mcp.example.test'
const account = { email: 'john@company.com', password: 'correct horse battery staple', tenant: 'acme-corp' }
const options: AuthSecAppOptions = {
  tools: [
    protectedByAuthSec('hello', {}, (_input, call) => `Hello, ${call.user?.email}!`),
    protectedByAuthSec('close_books', { roles: ['admin'] }, () => 'closed'),
  ],
  clientId: 'ledger',
  login: 'both',
  [allowInProcessManager]: true,
  [allowSessionLogin]: true,
}

describe('signing sessions in at a server behind a public name', () => {
  let database: TestPostgres
  let acme: Tenant
  let env: Record<string, string>
  let server: TestServer
  let ask: typeof fetch
  let session: string | null = null

  beforeAll(async () => {
    database = await openTestPostgres()
    const { accounts, applications, provisioner } = database.postgres
    acme = await provisioner.createTenant({ slug: 'acme-corp', name: 'Acme Corp' })
    const passwordHash = await new PasswordHasher({ cost: 14 }).hash(account.password)
    await accounts.create(acme, { email: account.email, passwordHash, grants: grantsOf({}) })
    await applications.register({ clientId: 'ledger', name: 'Ledger', tenant: acme, admits: 'own' })
    const { host, port, user, password } = database.connection
    const authority = `${user}:${encodeURIComponent(password)}@${encodeURIComponent(host)}:${port}`
    env = {
      AUTHSEC_DATABASE_URL: `postgres://${authority}/${database.masterDatabase}?sslmode=disable`,
      AUTHSEC_MASTER_KEY: database.masterKey.reveal(),
      AUTHSEC_PUBLIC_URL: origin,
      PORT: String(await freePort()),
    }
    server = await listenInProcess(options, env)
    ask = namedFetch(origin, Number(env['PORT']))
  }, 120_000)
  afterAll(async () => {
    await server?.close()
    await database?.close()
  })

  const post = async (message: object, path = '/mcp'): Promise<{ response: Response; answer: Message }> => {
    const headers = { 'content-type': 'application/json', accept: 'application/json, text/event-stream' }
    const response = await ask(origin + path, {
      method: 'POST',
      headers: { ...headers, ...(session === null ? {} : { 'mcp-session-id': session }) },
      body: JSON.stringify(message),
    })
    const text = await response.text()
    const json = text.startsWith('{') ? text : (text.split('\n').findLast((line) => line.startsWith('data: ')) ?? '')
    return { response, answer: JSON.parse(json.replace(/^data: /, '') || '{}') }
  }
  const call = async (name: string, args: object = {}) => (await post(callTool(name, args))).answer
  const names = async () => {
    const { answer } = await post({ jsonrpc: '2.0', id: 1, method: 'tools/list' })
    return (answer.result?.['tools'] as { name: string }[]).map(({ name }) => name)
  }

  it('goes all the way through the back channel, though that name resolves nowhere', async () => {
    await expect(fetch(origin)).rejects.toThrow('fetch failed')
    session = (await post(initialize())).response.headers.get('mcp-session-id')
    expect(await names()).toEqual(signInTools)
    const started = (await call('oauth_start')).result?.['structuredContent'] as Record<string, string>
    expect(started['authorization_url']).toMatch(/^https:\/\/mcp\.example\.test\/authsec\/login\/[\w-]{43}$/)
    const jar = new BrowserJar(ask)
    const issuerPage = await jar.press(await jar.open(String(started['authorization_url'])), 'confirm')
    expect(issuerPage.url).toMatch(/^https:\/\/mcp\.example\.test\/authsec\/signin\//)
    const shown = await jar.press(issuerPage, 'sign-in', { fields: account })
    const authenticated = await call('oauth_authenticate', { code: codeOn(shown) })
    expect(authenticated.result).toMatchObject({ structuredContent: { status: 'authenticated' } })
    expect(await names()).toEqual([...signInTools, 'hello'])
    expect((await call('hello')).result).toMatchObject({ content: [{ text: `Hello, ${account.email}!` }] })
    expect((await call('close_books')).error).toMatchObject({ code: -32602, message: 'Unknown tool: close_books' })

    const cookies = jar.answers.flatMap(({ headers }) => headers.getSetCookie())
    const set = cookies.filter((cookie) => !/expires=Thu, 01 Jan 1970/i.test(cookie))
    expect(set.length).toBeGreaterThan(2)
    for (const cookie of set) {
      expect(cookie).toMatch(/^__(Host|Secure)-authsec_/)
      expect(cookie).toMatch(/; secure\b/i)
      expect(cookie).toMatch(/; httponly\b/i)
      expect(cookie).not.toMatch(/; domain=/i)
      if (cookie.startsWith('__Host-')) expect(cookie).toMatch(/; path=\/(;|$)/i)
    }
    expect(set.some((cookie) => cookie.startsWith('__Host-authsec_login='))).toBe(true)
  }, 60_000)

  it('is on record as what it was', async () => {
    const rows = () => database.tenantSql(acme, `select type, subject, client_id from audit_event order by id`)
    await until(async () => (await rows()).some(({ type }) => type === 'signin.completed'))
    const completed = (await rows()).filter(({ type }) => type === 'signin.completed')
    expect(completed.at(-1)).toMatchObject({ client_id: 'ledger', subject: expect.stringMatching(/^[0-9a-f-]{36}$/) })
  })

  it('does not open the path of clients that sign in by themselves', async () => {
    const { response } = await post(initialize(), '/mcp/oauth')
    expect(response.status).toBe(401)
    expect(response.headers.get('www-authenticate')).toContain(
      `${origin}/.well-known/oauth-protected-resource/mcp/oauth`,
    )
  })

  it('is nothing for a request by another name', async () => {
    const elsewhere = namedFetch('https://evil.example', Number(env['PORT']))
    expect((await elsewhere('https://evil.example/authsec/login/x')).status).toBe(421)
    const headers = { 'content-type': 'application/json', accept: 'application/json, text/event-stream' }
    const body = JSON.stringify(initialize())
    const refused = await elsewhere('https://evil.example/mcp', { method: 'POST', headers, body })
    expect(refused.status).toBeGreaterThanOrEqual(400)
    expect(refused.headers.get('mcp-session-id')).toBeNull()
  })

  const { [allowSessionLogin]: _allowed, ...withoutPermission } = options
  it.each<[string, AuthSecAppOptions, Readonly<Record<string, string>>]>([
    ['without [allowSessionLogin]', withoutPermission, {}],
    [
      'without [allowSessionLogin], by AUTHSEC_LOGIN',
      { ...withoutPermission, login: 'oauth' },
      { AUTHSEC_LOGIN: 'tools' },
    ],
    ['without sessions', { ...options, sessions: 'stateless' }, {}],
    ['without https', options, { HOST: '0.0.0.0', AUTHSEC_PUBLIC_URL: 'http://127.0.0.1:3005' }],
  ])('does not start %s', async (_name, changed, environment) => {
    const start = listenInProcess(changed, { ...env, PORT: '0', ...environment })
    await expect(start).rejects.toMatchObject({ code: 'ERR_CONFIG_LOGIN' })
  })

  it('does start with the default, which signs no session in', async () => {
    const { login: _login, ...byDefault } = withoutPermission
    const port = await freePort()
    const other = await listenInProcess(byDefault, { ...env, PORT: String(port) })
    const headers = { 'content-type': 'application/json', accept: 'application/json, text/event-stream' }
    const sent = { method: 'POST', headers, body: JSON.stringify(initialize()) }
    expect((await namedFetch(origin, port)(`${origin}/mcp`, sent)).status).toBe(401)
    expect((await namedFetch(origin, port)(`${origin}/authsec/login/x`)).status).toBe(404)
    await other.close()
  }, 60_000)
})

function codeOn({ html }: Shown): string | undefined {
  return /class="one-time-code">([^<]+)</.exec(html)?.[1]
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  server.close()
  await once(server, 'close')
  return typeof address === 'object' && address !== null ? address.port : 0
}
