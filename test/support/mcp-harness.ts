import {
  createServer,
  request as send,
  Agent,
  type IncomingHttpHeaders,
  type Server,
  type ServerResponse,
} from 'node:http'
import {
  createMcpEdge,
  hotPath,
  type McpEdge,
  type McpEdgeOptions,
} from '../../src/adapter/mcp/http/create-mcp-edge.js'
import { CallCounter } from '../../src/core/operation/call-counter.js'
import type { SessionStore } from '../../src/core/identity/session-store.js'
import { Guard } from '../../src/core/operation/guard.js'
import { OperationCatalogue } from '../../src/core/operation/operation-catalogue.js'
import type { Operation } from '../../src/core/operation/operation.js'
import type { SessionFeed } from '../../src/core/runtime/session-feed.js'
import { systemClock, type Clock } from '../../src/core/runtime/clock.js'
import { Diary, sampleOperations, signInOperations } from './mcp-operations.js'
import { PeopleOfAcme, RecordedAudit } from './mcp-ports.js'
import { MemoryRateLimiter } from './memory-ports.js'
import { MemorySessionFeed } from './memory-session-feed.js'
import { MemorySessionStore } from './memory-sessions.js'
import { MemorySignInStore } from './memory-sign-in.js'
import { QuietChanges } from './quiet-changes.js'

export interface HarnessOptions {
  readonly sessions?: 'stateful' | 'stateless'
  /** Which paths serve requests without a token: none, `/mcp`, or all. */
  readonly login?: 'oauth' | 'tools' | 'tools everywhere'
  /** Another edge over the same stores, limits and people: a replica, or the same server after a restart. */
  readonly beside?: McpHarness
  /** Where sessions are, and how replicas hear of each other: a real database in place of memory. */
  readonly database?: { readonly sessions: SessionStore; readonly notices: SessionFeed }
  /** Default: `app`. */
  readonly application?: string
  readonly hot?: McpEdgeOptions[typeof hotPath]
  readonly operations?: readonly Operation[]
  readonly publicUrl?: string
  readonly allowedOrigins?: readonly string[]
  readonly maxBodyBytes?: number
  readonly clock?: Clock
}

export interface Sent {
  readonly method?: string
  readonly path?: string
  /** Sent as `Authorization: Bearer`; `null` for none. */
  readonly token?: string | null
  readonly session?: string | undefined
  readonly headers?: Readonly<Record<string, string | undefined>>
  /** A value is sent as JSON, a string or bytes as they are. */
  readonly body?: unknown
  readonly signal?: AbortSignal
}

export interface Received {
  readonly status: number
  readonly headers: IncomingHttpHeaders
  readonly rawHeaders: readonly string[]
  readonly text: string
  /** The JSON-RPC messages, whatever the framing. */
  readonly messages: readonly Message[]
}

export interface Message {
  readonly id?: unknown
  readonly method?: string
  readonly params?: Readonly<Record<string, unknown>>
  readonly result?: Readonly<Record<string, unknown>>
  readonly error?: {
    readonly code: number
    readonly message: string
    readonly data?: Readonly<Record<string, unknown>>
  }
}

const accept = 'application/json, text/event-stream'

/** A protocol edge on a real HTTP server, with alice (admin), bob (reader) and carol (nothing). */
export class McpHarness {
  readonly people: PeopleOfAcme
  readonly audit = new RecordedAudit()
  readonly sessions: MemorySessionStore
  readonly signIns: MemorySignInStore
  readonly limiter: MemoryRateLimiter
  readonly changes = new QuietChanges()
  readonly notices: MemorySessionFeed
  readonly diary = new Diary()
  readonly logged: { level: string; message: string; fields: unknown }[] = []
  readonly agent = new Agent({ keepAlive: true })
  readonly #server: Server
  readonly #edge: McpEdge
  readonly #streams = new Set<ServerResponse>()
  readonly port: number

  static async start(options: HarnessOptions = {}): Promise<McpHarness> {
    // As long as the product's own: a slow machine must not lose the race between an idle connection's end and the next request.
    const server = createServer({ maxHeaderSize: 65_536, keepAliveTimeout: 65_000 })
    await new Promise<void>((resolve) => {
      server.listen(0, '127.0.0.1', resolve)
    })
    return new McpHarness(server, options)
  }

  private constructor(server: Server, options: HarnessOptions) {
    this.#server = server
    const address = server.address()
    this.port = typeof address === 'object' && address !== null ? address.port : 0
    const { beside, clock = systemClock } = options
    this.people = beside?.people ?? peopleOfAcme()
    this.notices = beside?.notices ?? new MemorySessionFeed()
    this.sessions = beside?.sessions ?? new MemorySessionStore(clock, this.notices)
    this.signIns = beside?.signIns ?? new MemorySignInStore(clock, this.audit)
    this.limiter = beside?.limiter ?? new MemoryRateLimiter(clock)
    this.#edge = createMcpEdge(this.#edgeOptions(options))
    server.on('request', (request, response) => {
      if (request.method === 'GET') {
        this.#streams.add(response)
        response.once('close', () => this.#streams.delete(response))
      }
      void this.#edge.handle(request, response).then((handled) => {
        if (!handled) response.writeHead(404).end('nothing here')
      })
    })
  }

  get edge(): McpEdge {
    return this.#edge
  }

  /** How many GET requests are being answered with a stream. */
  get openStreams(): number {
    return [...this.#streams].filter((response) => response.headersSent).length
  }

  get origin(): string {
    return `http://127.0.0.1:${this.port}`
  }

  url(path = '/mcp'): URL {
    return new URL(path, this.origin)
  }

  /** Sends one request and reads the whole answer. */
  async send(sent: Sent = {}): Promise<Received> {
    const { path = '/mcp', token = 'alice', session, body } = sent
    const method = sent.method ?? (body === undefined ? 'GET' : 'POST')
    const headers: Record<string, string> = {}
    if (token !== null) headers['authorization'] = `Bearer ${token}`
    if (body !== undefined) headers['content-type'] = 'application/json'
    if (session !== undefined) headers['mcp-session-id'] = session
    headers['accept'] = accept
    for (const [name, value] of Object.entries(sent.headers ?? {})) {
      if (value === undefined) delete headers[name]
      else headers[name] = value
    }
    const payload = typeof body === 'string' || body instanceof Uint8Array ? body : JSON.stringify(body)
    const { signal } = sent
    return new Promise((resolve, reject) => {
      const target = { host: '127.0.0.1', port: this.port, path, method, headers, agent: this.agent }
      const outgoing = send({ ...target, ...(signal === undefined ? {} : { signal }) }, (incoming) => {
        const chunks: Buffer[] = []
        incoming.on('data', (chunk: Buffer) => chunks.push(chunk))
        incoming.on('error', reject)
        incoming.on('end', () => {
          const text = Buffer.concat(chunks).toString('utf8')
          const { statusCode: status = 0, rawHeaders } = incoming
          resolve({ status, headers: incoming.headers, rawHeaders, text, messages: messagesOf(text) })
        })
      })
      outgoing.on('error', reject)
      outgoing.end(payload)
    })
  }

  /** Opens a session and answers with its id; without a token where `token` is `null`. */
  async open(
    token: string | null = 'alice',
    options: Omit<Sent, 'token'> & { readonly capabilities?: object } = {},
  ): Promise<string> {
    const { capabilities = {}, ...rest } = options
    const opened = await this.send({ ...rest, token, body: initialize({ capabilities }) })
    const session = opened.headers['mcp-session-id']
    if (typeof session !== 'string') throw new TypeError(`no session: ${opened.status} ${opened.text}`)
    return session
  }

  /** Opens a session without a token and signs it in as `user`. */
  async openAs(user: string, args: object = {}): Promise<string> {
    const session = await this.open(null)
    const answer = await this.send({ token: null, session, body: callTool('sign_in', { ...args, as: user }, 'in') })
    if (!answer.text.includes('signed in')) throw new TypeError(`not signed in: ${answer.status} ${answer.text}`)
    return session
  }

  /** The names of the tools that are listed. */
  async list(sent: Sent = {}): Promise<readonly string[]> {
    const answer = await this.send({ ...sent, body: call('tools/list', undefined, 'list') })
    const tools = answer.messages.at(-1)?.result?.['tools']
    if (!Array.isArray(tools)) throw new TypeError(`no list: ${answer.status} ${answer.text}`)
    return tools.map(({ name }: { readonly name: string }) => name)
  }

  async close(): Promise<void> {
    this.diary.release()
    await this.#edge.close(0)
    this.agent.destroy()
    this.#server.closeAllConnections()
    await new Promise((resolve) => {
      this.#server.close(resolve)
    })
  }

  #edgeOptions(options: HarnessOptions): McpEdgeOptions {
    const publicUrl = options.publicUrl ?? this.origin
    const log = {
      write: (level: string, message: string, fields?: unknown) => void this.logged.push({ level, message, fields }),
    }
    const operations = options.operations ?? [...sampleOperations(this.diary), ...signInOperations(this.signIns)]
    const catalogue = new OperationCatalogue(operations)
    const { login = 'oauth' } = options
    const authenticator = this.people.authenticator(this.signIns)
    return {
      guard: new Guard({
        ...{ catalogue, callers: authenticator, audit: this.audit, log },
        counter: new CallCounter({ limiter: this.limiter, application: options.application ?? 'app' }),
        clock: options.clock ?? systemClock,
      }),
      authenticator,
      endpoints: [
        {
          ...{ path: '/mcp', resource: `${publicUrl}/mcp`, scopes: ['mcp', 'read'] },
          login: login === 'oauth' ? 'oauth' : 'tools',
        },
        {
          ...{ path: '/mcp/oauth', resource: `${publicUrl}/mcp/oauth`, scopes: ['mcp'] },
          login: login === 'tools everywhere' ? 'tools' : 'oauth',
        },
      ],
      authorizationServers: () => Promise.resolve(['https://issuer.test']),
      rootEndpoint: '/mcp/oauth',
      serverInfo: { name: 'Harness', version: '1.0.0' },
      publicUrl,
      allowedOrigins: options.allowedOrigins ?? [],
      allowedHosts: [],
      sessions: options.sessions === 'stateless' ? undefined : (options.database?.sessions ?? this.sessions),
      signIns: this.signIns,
      changes: this.changes,
      grants: this.changes,
      notices: options.database?.notices ?? this.notices,
      limiter: this.limiter,
      application: options.application ?? 'app',
      ...(options.maxBodyBytes === undefined ? {} : { maxBodyBytes: options.maxBodyBytes }),
      audit: this.audit,
      log,
      clock: options.clock ?? systemClock,
      [hotPath]: options.hot ?? 'on',
    }
  }
}

export function peopleOfAcme(): PeopleOfAcme {
  const people = new PeopleOfAcme()
  people.set('alice', { roles: ['admin'] })
  people.set('bob', { roles: ['reader'] })
  people.set('carol', {})
  return people
}

export function initialize(params: Readonly<Record<string, unknown>> = {}): object {
  const clientInfo = { name: 'test', version: '1' }
  return call('initialize', { protocolVersion: '2025-11-25', capabilities: {}, clientInfo, ...params }, 0)
}

/** A JSON-RPC request. */
export function call(method: string, params?: object, id: unknown = 1): object {
  return { jsonrpc: '2.0', id, method, ...(params === undefined ? {} : { params }) }
}

export function callTool(name: string, args: object = {}, id: unknown = 1): object {
  return call('tools/call', { name, arguments: args }, id)
}

/** The JSON-RPC messages of an answer, whatever the framing. */
export function messagesOf(text: string): readonly Message[] {
  if (text.startsWith('{')) return [JSON.parse(text)]
  const data = text.split('\n').filter((line) => line.startsWith('data: '))
  return data.map((line): Message => JSON.parse(line.slice('data: '.length)))
}
