import { readFile } from 'node:fs/promises'
import { request as send } from 'node:http'
import { join } from 'node:path'
import { openData } from '../../src/app/open-data.js'
import { issuerOf } from '../../src/app/issuer-of.js'
import { readSettings } from '../../src/app/settings/settings.js'
import type { SigningKey } from '../../src/core/identity/signing-key-store.js'
import {
  CallContext,
  protectedByAuthSec,
  publicTool,
  type AuthSecAppOptions,
  type ToolDefinition,
} from '../../src/index.js'
import type { BrowserJar, Shown } from './browser-jar.js'
import { listenInProcess, type TestServer } from './listening-app.js'
import { call, callTool, initialize, messagesOf, type Message } from './mcp-harness.js'
import { mintTokens } from './mint-tokens.js'
import { createSigningKey, TokenForge } from './token-forge.js'

type Json = Readonly<Record<string, unknown>>

/** What is laid over a good token; a member that is `undefined` is left out. */
export interface TokenChanges {
  readonly header?: Json
  readonly claims?: Json
  /** `foreign`: a key that is not the issuer's. */
  readonly key?: 'own' | 'foreign'
}

export interface Asked {
  readonly method?: string
  /** With its query; default `/mcp`. */
  readonly path?: string
  /** The whole `Authorization` header; Ada's token unless given, and none where it is `null`. */
  readonly authorization?: string | readonly string[] | null
  readonly session?: string
  readonly headers?: Readonly<Record<string, string>>
  /** A string is sent as it is, anything else as JSON. */
  readonly body?: unknown
}

export interface Answered {
  readonly status: number
  readonly headers: Readonly<Record<string, string | undefined>>
  readonly text: string
  readonly messages: readonly Message[]
}

/** A stream of events that the server keeps open. */
export interface ServerStream {
  readonly ended: boolean
  close(): void
}

/** Who may what is told by her token and the database alone. */
const tools = [
  publicTool('status', {}, () => 'up'),
  protectedByAuthSec('whoami', { params: [CallContext] }, (caller) => caller.user?.email ?? 'nobody'),
  protectedByAuthSec('read', { scopes: ['read'] }, () => 'read'),
  protectedByAuthSec('write', { scopes: ['write'], elevatable: true }, () => 'written'),
  protectedByAuthSec('hide', { scopes: ['write'] }, () => 'hidden'),
  protectedByAuthSec('launch', { scopes: ['launch'], elevatable: true }, () => 'launched'),
  protectedByAuthSec('admin_panel', { roles: ['admin'] }, () => 'panel'),
]

const development: NonNullable<AuthSecAppOptions['development']> = {
  tenants: [
    {
      slug: 'acme-corp',
      name: 'Acme Corp',
      accounts: [
        { email: 'ada@acme.test', scopes: ['read', 'write'] },
        { email: 'grace@acme.test', scopes: ['read'] },
        { email: 'hedy@acme.test', scopes: ['read', 'launch'] },
      ],
    },
  ],
}

/** A whole server on a real socket with a real database, its own issuer, and tokens that only that issuer could have made. */
export class ResourceServer {
  readonly #server: TestServer
  readonly #key: SigningKey
  readonly #tokens: ReadonlyMap<string, string>

  /** With more tools beside those that every one of them has. */
  static async start(
    options: Partial<AuthSecAppOptions> = {},
    more: readonly ToolDefinition[] = [],
  ): Promise<ResourceServer> {
    const common = {
      tools: [...tools, ...more],
      development,
      clientId: 'conformance',
      appName: 'Conformance',
      login: 'oauth',
    } as const
    const server = await listenInProcess({ ...common, ...options })
    const settings = readSettings({ AUTHSEC_HOME: server.home }, {}, undefined)
    const issuer = issuerOf(new URL(server.url).origin)
    const data = await openData({ settings, issuer, log: { write: () => undefined } })
    try {
      const emails = ['ada@acme.test', 'grace@acme.test']
      const tokens = await mintTokens(data, { audience: server.url, emails })
      const [key] = await data.postgres.signingKeys.list()
      if (key === undefined) throw new Error('there is no signing key')
      return new ResourceServer(server, key, tokens)
    } finally {
      await data.close()
    }
  }

  private constructor(server: TestServer, key: SigningKey, tokens: ReadonlyMap<string, string>) {
    this.#server = server
    this.#key = key
    this.#tokens = tokens
  }

  /** The resource at `/mcp`. */
  get resource(): string {
    return this.#server.url
  }

  get origin(): string {
    return new URL(this.resource).origin
  }

  get issuer(): string {
    return issuerOf(this.origin)
  }

  /** What the issuer wrote into the token of an account. */
  claims(email = 'ada@acme.test'): Json {
    const payload = this.#tokens.get(email)?.split('.')[1] ?? ''
    const claims: Json = JSON.parse(Buffer.from(payload, 'base64url').toString())
    return claims
  }

  /** A token of the issuer for `/mcp`, on a grant that stands: good unless it is changed. */
  token(changes: TokenChanges = {}, email = 'ada@acme.test'): string {
    const key = changes.key === 'foreign' ? createSigningKey(this.#key.kid) : this.#key
    const forge = new TokenForge({ issuer: this.issuer, resource: this.resource, key, now: () => 0 })
    const claims = JSON.stringify({ ...this.claims(email), ...changes.claims })
    return forge.sign({ claims, ...(changes.header === undefined ? {} : { header: changes.header }) })
  }

  /** One request and the whole answer; a POST of `initialize` unless told. */
  ask(asked: Asked = {}): Promise<Answered> {
    const { authorization = `Bearer ${this.token()}`, path = '/mcp', session } = asked
    const method = asked.method ?? 'POST'
    const body = method === 'POST' && asked.body === undefined ? initialize() : asked.body
    const headers: Readonly<Record<string, string | string[]>> = {
      accept: 'application/json, text/event-stream',
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      ...(authorization === null ? {} : { authorization: [authorization].flat() }),
      ...(session === undefined ? {} : { 'mcp-session-id': session }),
      ...asked.headers,
    }
    const { hostname: host, port } = new URL(this.resource)
    return new Promise((resolve, reject) => {
      const outgoing = send({ host, port, path, method, headers }, (incoming) => {
        const chunks: Buffer[] = []
        incoming.on('data', (chunk: Buffer) => chunks.push(chunk))
        incoming.on('error', reject)
        incoming.on('end', () => {
          const text = Buffer.concat(chunks).toString('utf8')
          const received = Object.entries(incoming.headers).map(([name, value]) => [name, String(value)])
          const { statusCode: status = 0 } = incoming
          resolve({ status, headers: Object.fromEntries(received), text, messages: rpcMessagesOf(text) })
        })
      })
      outgoing.on('error', reject)
      outgoing.end(body === undefined || typeof body === 'string' ? body : JSON.stringify(body))
    })
  }

  /** The GET stream of a session. Throws `TypeError` where it is refused. */
  stream({
    authorization,
    session,
  }: {
    readonly authorization: string
    readonly session: string
  }): Promise<ServerStream> {
    const { hostname: host, port } = new URL(this.resource)
    const headers = { accept: 'text/event-stream', authorization, 'mcp-session-id': session }
    return new Promise((resolve, reject) => {
      const outgoing = send({ host, port, path: '/mcp', headers }, (incoming) => {
        if (incoming.statusCode !== 200) reject(new TypeError(`no stream: ${incoming.statusCode}`))
        let ended = false
        incoming.on('close', () => {
          ended = true
        })
        incoming.on('error', () => undefined)
        incoming.resume()
        resolve({
          get ended() {
            return ended
          },
          close: () => void outgoing.destroy(),
        })
      })
      outgoing.on('error', reject)
      outgoing.end()
    })
  }

  /** The same with a changed token. */
  askWith(changes: TokenChanges, asked: Omit<Asked, 'authorization'> = {}): Promise<Answered> {
    return this.ask({ ...asked, authorization: `Bearer ${this.token(changes)}` })
  }

  /** Calls a tool in a session of its own. */
  async call(name: string, asked: Omit<Asked, 'body'> = {}): Promise<Answered> {
    const opened = await this.ask(asked)
    const session = opened.headers['mcp-session-id']
    return session === undefined ? opened : this.ask({ ...asked, session, body: callTool(name) })
  }

  /** The names of the tools that a token sees. */
  async list(asked: Omit<Asked, 'body'> = {}): Promise<readonly unknown[]> {
    const opened = await this.ask(asked)
    const session = opened.headers['mcp-session-id']
    const answer = await this.ask({ ...asked, ...(session === undefined ? {} : { session }), body: call('tools/list') })
    const listed = answer.messages[0]?.result?.['tools']
    if (!Array.isArray(listed)) throw new TypeError(`no list: ${answer.status} ${answer.text}`)
    return listed.map(({ name }: { readonly name: unknown }) => name)
  }

  /** A public document, as JSON where it is some. */
  async document(path: string): Promise<{ readonly answer: Answered; readonly json: Json }> {
    const answer = await this.ask({ method: 'GET', path, authorization: null })
    const json: Json = answer.text.startsWith('{') ? JSON.parse(answer.text) : {}
    return { answer, json }
  }

  /** A public client of the authorization server. */
  async register(): Promise<string> {
    const body = { client_name: 'Conformance', redirect_uris: ['http://127.0.0.1:8976/callback'] }
    const answer = await this.ask({ path: '/oauth/register', authorization: null, body })
    const { client_id: id }: { readonly client_id?: unknown } = JSON.parse(answer.text)
    return String(id)
  }

  /** Opens an authorization request and signs in where the browser is not; what is shown next is consent, or the way back. */
  async signIn(jar: BrowserJar, url: URL, email: string): Promise<Shown> {
    const page = await jar.open(url)
    if (!page.html.includes('name="password"')) return page
    const accounts: readonly Json[] = JSON.parse(await readFile(join(this.#server.home, 'accounts.json'), 'utf8'))
    const password = String(accounts.find((account) => account['email'] === email)?.['password'])
    return jar.press(page, 'sign-in', { fields: { email, password } })
  }

  close(): Promise<void> {
    return this.#server.close()
  }
}

function rpcMessagesOf(text: string): readonly Message[] {
  const events = text.startsWith('event:') || text.startsWith('data:')
  return text.startsWith('{') || events ? messagesOf(text) : []
}

/** The parameters of a challenge (RFC 9110 §11.2). Throws `TypeError` for anything but one `Bearer` challenge. */
export function challengeIn(answer: Answered): Readonly<Record<string, string>> {
  const value = answer.headers['www-authenticate'] ?? ''
  if (!/^Bearer (?:[a-z_]+="(?:[^"\\]|\\.)*"(?:, |$))+$/.test(value)) throw new TypeError(`no challenge: ${value}`)
  const pairs = [...value.matchAll(/([a-z_]+)="((?:[^"\\]|\\.)*)"/g)]
  const parameters: Record<string, string> = {}
  for (const [, name = '', text = ''] of pairs) {
    if (Object.hasOwn(parameters, name)) throw new TypeError(`${name} twice`)
    parameters[name] = text
  }
  return parameters
}
