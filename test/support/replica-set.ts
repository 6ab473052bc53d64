import { once } from 'node:events'
import { request as send } from 'node:http'
import { createServer } from 'node:net'
import { auth } from '@modelcontextprotocol/sdk/client/auth.js'
import { PasswordHasher } from '../../src/adapter/issuer/password-hasher.js'
import type { Tenant } from '../../src/core/identity/tenant.js'
import { grantsOf } from '../../src/core/permission/grants.js'
import {
  allowInProcessManager,
  allowSessionLogin,
  protectedByAuthSec,
  type AuthSecAppOptions,
} from '../../src/index.js'
import { BrowserJar } from './browser-jar.js'
import { HeadlessClient } from './headless-client.js'
import { listenInProcess, type TestServer } from './listening-app.js'
import { callTool, initialize } from './mcp-harness.js'
import { namedFetch } from './named-fetch.js'
import { openTestPostgres, type TestPostgres } from './postgres.js'
import { runProgram, type Finished } from './server-process.js'

export const origin = 'https://mcp.example.test'
export const password = 'correct horse battery staple'

const options: AuthSecAppOptions = {
  tools: [protectedByAuthSec('hello', {}, (_input, call) => `Hello, ${call.user?.email}!`)],
  clientId: 'ledger',
  login: 'both',
  [allowInProcessManager]: true,
  [allowSessionLogin]: true,
}
const headers = { 'content-type': 'application/json', accept: 'application/json, text/event-stream' }

export interface Replica {
  readonly server: TestServer
  readonly port: number
  /** Sends to this replica whatever goes to the public name. */
  readonly ask: typeof fetch
}

/** A session of a client, at the path of its kind. */
export interface OpenedSession {
  readonly path: '/mcp' | '/mcp/oauth'
  readonly token: string | undefined
  readonly id: string
}

/** Production servers under one public name over one database, in this process, and the command line beside them. */
export class ReplicaSet {
  readonly database: TestPostgres
  readonly replicas: readonly Replica[]
  readonly #env: Readonly<Record<string, string>>

  private constructor(database: TestPostgres, replicas: readonly Replica[], env: Readonly<Record<string, string>>) {
    this.database = database
    this.replicas = replicas
    this.#env = env
  }

  /** With tenants of these slugs, of which the first owns the server that everybody may use. */
  static async start(count: number, people: Readonly<Record<string, readonly string[]>>): Promise<ReplicaSet> {
    const database = await openTestPostgres()
    await populate(database, people)
    const env = environmentOf(database)
    const replicas: Replica[] = []
    for (let index = 0; index < count; index += 1) {
      const port = await freePort()
      const server = await listenInProcess(options, { ...env, PORT: String(port) })
      replicas.push({ server, port, ask: namedFetch(origin, port) })
    }
    return new ReplicaSet(database, replicas, env)
  }

  at(index: number): Replica {
    const replica = this.replicas[index % this.replicas.length]
    if (replica === undefined) throw new TypeError('there are no replicas')
    return replica
  }

  /** `authsec …` as an administrator would run it. */
  cli(...args: readonly string[]): Promise<Finished> {
    return runProgram(['dist/cli/main.js', ...args], this.#env)
  }

  async close(): Promise<void> {
    for (const { server } of this.replicas) await server.close()
    await this.database.close()
  }
}

/** Signs in with a browser, allows what is asked, and has tokens afterwards. */
export async function signInClient({ ask }: Replica, email: string, tenant: string): Promise<HeadlessClient> {
  const client = new HeadlessClient(
    async (jar, url) => jar.press(await jar.open(url), 'sign-in', { fields: { email, password, tenant } }),
    new BrowserJar(ask),
  )
  const target = { serverUrl: `${origin}/mcp/oauth`, fetchFn: ask }
  await auth(client, target)
  await auth(client, { ...target, authorizationCode: client.code ?? '' })
  return client
}

/** Opens a session: with a token, or without one. */
export async function openSession(
  { ask }: Replica,
  path: OpenedSession['path'],
  token?: string,
): Promise<OpenedSession> {
  const authorization = token === undefined ? {} : { authorization: `Bearer ${token}` }
  const body = JSON.stringify(initialize())
  const answer = await ask(origin + path, { method: 'POST', headers: { ...headers, ...authorization }, body })
  await answer.text()
  return { path, token, id: answer.headers.get('mcp-session-id') ?? '' }
}

/** Opens a session and signs it in with the five tools; the browser stays signed in. */
export async function openSignedIn(replica: Replica, email: string, tenant: string): Promise<OpenedSession> {
  const session = await openSession(replica, '/mcp')
  const started = await callIn(replica, session, 'oauth_start')
  const url = /https:[^"\\]+\/authsec\/login\/[\w-]{43}/.exec(started.text)?.[0] ?? ''
  const jar = new BrowserJar(replica.ask)
  const page = await jar.press(await jar.open(url), 'confirm')
  const shown = await jar.press(page, 'sign-in', { fields: { email, password, tenant } })
  const code = /class="one-time-code">([^<]+)</.exec(shown.html)?.[1] ?? ''
  await callIn(replica, session, 'oauth_authenticate', { code })
  return session
}

/** The status and text of a call. */
export async function callIn(
  { ask }: Replica,
  session: OpenedSession,
  tool: string,
  args: object = {},
): Promise<{ readonly status: number; readonly text: string }> {
  const body = JSON.stringify(callTool(tool, args))
  const answer = await ask(origin + session.path, { method: 'POST', headers: headersOf(session), body })
  return { status: answer.status, text: await answer.text() }
}

/** The stream of a session; `ended` says when it was over, by `performance.now()`. */
export async function streamOf(
  { port }: Replica,
  session: OpenedSession,
): Promise<{ readonly ended: Promise<number> }> {
  const named = { ...headersOf(session), host: new URL(origin).host, 'x-forwarded-proto': 'https' }
  const outgoing = send({ host: '127.0.0.1', port, path: session.path, headers: named, agent: false }).end()
  return new Promise((resolve, reject) => {
    outgoing.on('error', reject)
    outgoing.on('response', (incoming) => {
      if (incoming.statusCode !== 200) reject(new TypeError(`no stream: ${incoming.statusCode}`))
      const ended = new Promise<number>((over) => incoming.on('close', () => over(performance.now())))
      incoming.on('error', () => undefined).resume()
      resolve({ ended })
    })
  })
}

/** What becomes of a refresh token. */
export async function refresh({ ask }: Replica, client: HeadlessClient): Promise<Readonly<Record<string, unknown>>> {
  const body = new URLSearchParams({
    grant_type: 'refresh_token',
    refresh_token: client.saved?.refresh_token ?? '',
    client_id: client.clientInformation()?.client_id ?? '',
  })
  return (await (await ask(`${origin}/oauth/token`, { method: 'POST', body })).json()) as Record<string, unknown>
}

function headersOf({ id, token }: OpenedSession): Record<string, string> {
  return { ...headers, 'mcp-session-id': id, ...(token === undefined ? {} : { authorization: `Bearer ${token}` }) }
}

async function populate(
  { postgres }: TestPostgres,
  people: Readonly<Record<string, readonly string[]>>,
): Promise<void> {
  const passwordHash = await new PasswordHasher({ cost: 14 }).hash(password)
  const tenants: Tenant[] = []
  for (const [slug, emails] of Object.entries(people)) {
    const tenant = await postgres.provisioner.createTenant({ slug, name: slug })
    for (const email of emails) await postgres.accounts.create(tenant, { email, passwordHash, grants: grantsOf({}) })
    tenants.push(tenant)
  }
  const [owner] = tenants
  if (owner === undefined) throw new TypeError('there are no tenants')
  await postgres.applications.register({ clientId: 'ledger', name: 'Ledger', tenant: owner, admits: 'any' })
}

function environmentOf({ connection, masterDatabase, masterKey }: TestPostgres): Readonly<Record<string, string>> {
  const { host, port, user, password: secret } = connection
  const authority = `${user}:${encodeURIComponent(String(secret))}@${encodeURIComponent(host)}:${port}`
  return {
    AUTHSEC_DATABASE_URL: `postgres://${authority}/${masterDatabase}?sslmode=disable`,
    AUTHSEC_MASTER_KEY: masterKey.reveal(),
    AUTHSEC_PUBLIC_URL: origin,
  }
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  server.close()
  return typeof address === 'object' && address !== null ? address.port : 0
}
