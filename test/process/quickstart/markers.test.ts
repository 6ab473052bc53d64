import { existsSync } from 'node:fs'
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { Client } from 'pg'
import { attachEmbeddedPostgres } from '../../../src/adapter/postgres/embedded/embedded-postgres.js'
import { BrowserJar, type Shown } from '../../support/browser-jar.js'
import { LoginClient } from '../../support/login-clients.js'
import {
  startServerProcess,
  temporaryHome,
  type ServerProcess,
  type TemporaryHome,
} from '../../support/server-process.js'
import { until } from '../../support/until.js'

/** Every secret of one sign-in, by what it is; those in `internal` never leave the server at all. */
const secrets = new Map<string, string>()
const internal = new Map<string, string>()
const pages: { readonly url: string; readonly html: string }[] = []
let home: TemporaryHome
let server: ServerProcess
let answers = ''
let dump = ''
let metrics = ''

/** A page that has come, with what only a browser should know of it. */
function seen(shown: Shown): Shown {
  pages.push({ url: shown.url, html: shown.html })
  return shown
}

function keep(name: string, value: string | null | undefined): string {
  if (value === null || value === undefined || value.length < 8) throw new TypeError(`there is no ${name} to look for`)
  secrets.set(name, value)
  return value
}

async function signIn(client: LoginClient, password: string): Promise<void> {
  const jar = new BrowserJar()
  const { url } = await client.start()
  keep('address of the page', url.split('/').at(-1))
  const confirm = seen(await jar.open(url))
  const provider = seen(await jar.press(confirm, 'confirm'))
  const fields = { email: 'john@company.com', tenant: 'acme-corp', password: 'wrong-password-marker' }
  const again = seen(await jar.press(provider, 'sign-in', { fields }))
  const code = seen(await jar.press(again, 'sign-in', { fields: { ...fields, password } }))
  for (const answer of jar.answers) noteUrl(answer.url)
  for (const { name, value } of jar.cookies) keep(`cookie ${name}`, value)
  const [, shown = ''] = /class="one-time-code">([^<]+)</.exec(code.html) ?? []
  keep('one-time code', shown.trim())
  keep('one-time code, plain', shown.trim().replace('-', ''))
  const done = await client.call('oauth_authenticate', { code: shown.trim() })
  if (done.isError) throw new TypeError(`not signed in: ${done.text}`)
}

/** State, nonce and code stand in the addresses that the browser was sent to. */
function noteUrl(url: string): void {
  const { searchParams } = new URL(url)
  for (const name of ['state', 'nonce', 'code', 'code_challenge']) {
    const value = searchParams.get(name)
    if (value !== null) keep(name, value)
  }
}

/** Requests and calls that go wrong, each with something that nobody should read afterwards. */
async function failInEveryWay(client: LoginClient, secret: string): Promise<void> {
  const url = new URL(server.url)
  const headers = { 'content-type': 'application/json', accept: 'application/json, text/event-stream' }
  const said: readonly (readonly [string, Readonly<Record<string, string>>])[] = [
    ['/mcp/oauth', { authorization: `Bearer ${secret}` }],
    ['/mcp/oauth', { authorization: `Basic ${secret}` }],
    ['/mcp', { 'mcp-session-id': secret }],
    ['/mcp', { cookie: `a=${secret}`, traceparent: secret }],
    [`/authsec/login/callback?code=${secret}&state=${secret}`, {}],
    [`/oauth/token?code=${secret}`, { authorization: `Basic ${Buffer.from(`a:${secret}`).toString('base64')}` }],
    [`/${secret}`, {}],
  ]
  for (const [path, more] of said) {
    for (const method of ['GET', 'POST']) {
      const body = method === 'GET' ? {} : { body: JSON.stringify({ token: secret, code_verifier: secret }) }
      await (await fetch(new URL(path, url), { method, headers: { ...headers, ...more }, ...body })).text()
    }
  }
  for (const name of ['oauth_authenticate', 'hello']) {
    await client.call(name, { code: secret, jwt_token: secret }).catch(() => undefined)
  }
}

/** What the server sent to itself and got back. */
async function noteBackChannel(file: string): Promise<void> {
  const text = await readFile(file, 'utf8')
  const find = (name: string, pattern: RegExp): void => {
    const [, value = ''] = pattern.exec(text) ?? []
    if (value.length < 16) throw new TypeError(`the back channel shows no ${name}`)
    internal.set(name, decodeURIComponent(value))
  }
  find('client credentials', /"authorization":"Basic ([^"]+)"/)
  find('code verifier', /code_verifier=([^&\s]+)/)
  find('access token', /"access_token":"([^"]+)"/)
  find('ID token', /"id_token":"([^"]+)"/)
}

async function dumpDatabases(): Promise<string> {
  const embedded = await attachEmbeddedPostgres({ home: home.path, log: { write: () => undefined } })
  try {
    const query = async (database: string, text: string): Promise<readonly Record<string, unknown>[]> => {
      const client = new Client({ ...embedded.connection, ssl: false, database })
      await client.connect()
      try {
        return (await client.query<Record<string, unknown>>(text)).rows
      } finally {
        await client.end()
      }
    }
    const tenants = await query('authsec', 'select database_name from tenant')
    const rows: string[] = []
    for (const database of ['authsec', ...tenants.map((row) => String(row['database_name']))]) {
      const tables = await query(database, "select tablename from pg_tables where schemaname = 'public'")
      for (const { tablename } of tables) {
        for (const row of await query(database, `select t::text as row from "${String(tablename)}" t`)) {
          rows.push(`${database}.${String(tablename)} ${String(row['row'])}`)
        }
      }
    }
    return rows.join('\n')
  } finally {
    await embedded.close()
  }
}

beforeAll(async () => {
  home = await temporaryHome()
  const tap = join(home.path, 'tap')
  server = await startServerProcess({
    home: home.path,
    env: {
      AUTHSEC_LOG_LEVEL: 'debug',
      AUTHSEC_METRICS_PORT: '0',
      NODE_OPTIONS: `--import=${join(process.cwd(), 'test/support/back-channel-tap.mjs')}`,
      TAP_FILE: tap,
    },
  })
  const accounts = await home.accounts()
  const password = keep('password', accounts.find(({ email }) => email === 'john@company.com')?.password)
  keep('wrong password', 'wrong-password-marker')
  const client = await LoginClient.overHttp(server.url, { name: 'marker-client', version: '1' })
  keep('session id', client.sessionId)
  await signIn(client, password)
  answers = (await Promise.all(['oauth_status', 'oauth_user_info', 'hello'].map((name) => client.call(name, {}))))
    .map(({ text }) => text)
    .join('\n')
  await noteBackChannel(tap)
  await client.call('oauth_logout', {})
  await failInEveryWay(client, keep('token that fails', 'eyJhbGciOiJub25lIn0.bWFya2Vy.failing-token-marker'))
  await failInEveryWay(client, keep('word that fails', 'failing-word-marker'))
  const metricsUrl = /^AuthSec metrics: (\S+)$/m.exec(server.stdout())?.[1] ?? ''
  metrics = await (await fetch(metricsUrl)).text()
  await new Promise((resolve) => setTimeout(resolve, 1_500))
  dump = await dumpDatabases()
  await client.close()
  await server.stop()
  // The database stops by itself after its last user, and moves its files about until then.
  await until(() => !existsSync(join(home.path, 'pg', 'postmaster.pid')), 20_000)
}, 120_000)

afterAll(async () => {
  await server?.kill()
  await home?.remove()
})

function found(text: string, names: ReadonlyMap<string, string>): readonly string[] {
  return [...names].filter(([, value]) => text.includes(value)).map(([name]) => name)
}

describe('the secrets of a sign-in (OAuth flows, O17)', () => {
  it('are all there to be looked for', () => {
    expect([...secrets.keys()].map((name) => name.replace(/\d+/, ''))).toEqual(
      expect.arrayContaining([
        'password',
        'session id',
        'address of the page',
        'state',
        'nonce',
        'code',
        'one-time code',
        'cookie authsec_login_',
      ]),
    )
    expect([...internal.keys()]).toEqual(['client credentials', 'code verifier', 'access token', 'ID token'])
  })

  it('are in nothing that the server prints or logs, at the most talkative level', () => {
    const { password: _printedOnce, ...others } = Object.fromEntries(secrets)
    const printed = server.stdout() + server.stderr()
    expect(printed).toContain('"level"')
    expect(found(printed, new Map(Object.entries(others)))).toEqual([])
    expect(found(printed, internal)).toEqual([])
    expect(found(server.stderr(), secrets)).toEqual([])
  })

  it('are in no row of any database, though the sign-in is on record', () => {
    expect(dump).toContain('signin.completed')
    expect(dump).toContain('session.ended')
    expect(found(dump, secrets)).toEqual([])
    expect(found(dump, internal)).toEqual([])
  })

  it('are in no page, but for the code on the page that is there for it and the token of each form', () => {
    expect(pages.length).toBeGreaterThanOrEqual(4)
    for (const { url, html } of pages) {
      const isCodePage = html.includes('one-time-code')
      const here = found(html, secrets).filter((name) => !(isCodePage && name === 'one-time code'))
      expect({ url: url.replace(/[A-Za-z0-9_-]{20,}/g, '…'), here, inside: found(html, internal) }).toMatchObject({
        here: [],
        inside: [],
      })
    }
  })

  it('are in no address that stays in the history of the browser', () => {
    const last = pages.at(-1)?.url ?? ''
    expect(new URL(last).search).toBe('')
  })

  it('are in no answer of a tool', () => {
    expect(answers).toContain('john@company.com')
    expect(found(answers, secrets)).toEqual([])
    expect(found(answers, internal)).toEqual([])
  })

  it('are in no file of the home but those that are there to keep them', async () => {
    const files = await readdir(home.path, { recursive: true, withFileTypes: true })
    const kept = new Set(['accounts.json', 'tap'])
    for (const file of files.filter((entry) => entry.isFile() && !kept.has(entry.name))) {
      const bytes = (await readFile(join(file.parentPath, file.name))).toString('latin1')
      expect({ file: file.name, here: [...found(bytes, secrets), ...found(bytes, internal)] }).toEqual({
        file: file.name,
        here: [],
      })
    }
  })

  it('are in no metric, though the sign-in and the failures are counted', () => {
    expect(metrics).toMatch(/authsec_sign_ins_total\{step="completed",.*\} [1-9]/)
    expect(metrics).toMatch(/authsec_tokens_refused_total\{reason="ERR_TOKEN_\w+"\} [1-9]/)
    expect(found(metrics, secrets)).toEqual([])
    expect(found(metrics, internal)).toEqual([])
    expect(metrics).not.toContain('john')
  })
})
