import { randomUUID } from 'node:crypto'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { setTimeout as pause } from 'node:timers/promises'

/** Mistakes that servers make. */
export type Mistake =
  | 'one cache of lists for everybody'
  | 'a list of tools that changes hands'
  | 'a list that is everybody’s'
  | 'the caller of the moment'
  | 'the request of the moment'
  | 'a session for every token'
  | 'a session for no token'
  | 'a stream for every token'
  | 'a session that anybody ends'
  | 'another status for a hidden tool'
  | 'another header for a hidden tool'
  | 'the tenant of a header'
  | 'the tenant of the query'
  | 'the tenant of _meta'
  | 'answers for caches'
  | 'refusals for caches'

export interface LeakyServerOptions {
  readonly mistake?: Mistake
  readonly sessions?: 'stateful' | 'stateless'
  readonly framing?: 'json' | 'events'
}

interface User {
  readonly sub: string
  readonly email: string
  readonly tenant_id: string
  readonly tools: readonly string[]
}

const users: readonly User[] = [
  { sub: 'subject-ann', email: 'ann@acme.example', tenant_id: 'acme-corp', tools: ['hello', 'wipe', 'count'] },
  { sub: 'subject-eve', email: 'eve@globex.example', tenant_id: 'globex', tools: ['hello', 'count'] },
]

interface Message {
  readonly id?: number
  readonly method?: string
  readonly params?: { readonly name?: string; readonly _meta?: { readonly tenant_id?: string } }
}

interface Visit {
  readonly request: IncomingMessage
  readonly response: ServerResponse
  readonly message: Message
  readonly user: User
}

/** The tokens of ann of acme-corp and eve of globex, which nobody signed. */
export const leakyTokens = users.map(({ tools: _tools, ...claims }) => {
  const payload = Buffer.from(JSON.stringify(claims)).toString('base64url')
  return `eyJhbGciOiJub25lIn0.${payload}.signature`
})

/** An MCP server that somebody else wrote, with one mistake or none. */
export class LeakyServer {
  readonly #options: LeakyServerOptions
  readonly #server: Server
  readonly #sessions = new Map<string, User>()
  readonly #lists = new Map<string, object>()
  readonly called: string[] = []
  #latest: User | undefined
  #latestId: number | undefined
  #counter = 0

  static async start(options: LeakyServerOptions = {}): Promise<LeakyServer> {
    const leaky = new LeakyServer(options)
    await new Promise<void>((resolve) => {
      leaky.#server.listen(0, '127.0.0.1', resolve)
    })
    return leaky
  }

  private constructor(options: LeakyServerOptions) {
    this.#options = options
    this.#server = createServer((request, response) => void this.#answer(request, response))
  }

  get url(): string {
    const address = this.#server.address()
    return `http://127.0.0.1:${typeof address === 'object' && address !== null ? address.port : 0}/mcp`
  }

  async close(): Promise<void> {
    this.#server.closeAllConnections()
    await new Promise((resolve) => {
      this.#server.close(resolve)
    })
  }

  #makes(...mistakes: readonly Mistake[]): boolean {
    return mistakes.some((mistake) => mistake === this.#options.mistake)
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const refusals = this.#makes('refusals for caches')
    if (!refusals) response.setHeader('cache-control', 'no-store')
    const chunks: Buffer[] = []
    for await (const chunk of request) chunks.push(Buffer.from(chunk))
    const url = new URL(request.url ?? '/', 'http://localhost')
    if (url.pathname !== '/mcp') return void response.writeHead(404).end()
    const session = this.#sessions.get(String(request.headers['mcp-session-id'] ?? ''))
    const bearer = users.find((_, index) => request.headers.authorization === `Bearer ${leakyTokens[index]}`)
    const user = bearer ?? (this.#makes('a session for no token') ? session : undefined)
    if (user === undefined) return void response.writeHead(401).end('{"error":"invalid_token"}')
    if (!this.#mayEnter(request, user, session)) return void response.writeHead(404).end('{"error":"no session"}')
    if (refusals) response.setHeader('cache-control', 'no-store')
    if (this.#makes('answers for caches')) response.removeHeader('cache-control')
    if (request.method === 'GET')
      return void response.writeHead(200, { 'content-type': 'text/event-stream' }).flushHeaders()
    if (request.method === 'DELETE') {
      this.#sessions.delete(String(request.headers['mcp-session-id']))
      return void response.writeHead(200).end()
    }
    await this.#speak({ request, response, user, message: JSON.parse(Buffer.concat(chunks).toString()) as Message })
  }

  #mayEnter({ headers, method }: IncomingMessage, user: User, session: User | undefined): boolean {
    if (headers['mcp-session-id'] === undefined) return method === 'POST'
    if (session === user) return true
    if (session === undefined) return false
    if (this.#makes('a session for every token')) return true
    if (this.#makes('a stream for every token')) return method === 'GET'
    return this.#makes('a session that anybody ends') && method === 'DELETE'
  }

  async #speak(visit: Visit): Promise<void> {
    const { message, response, user } = visit
    if (message.id === undefined) return void response.writeHead(202).end()
    if (message.method === 'initialize') {
      const id = randomUUID()
      if (this.#options.sessions !== 'stateless') {
        this.#sessions.set(id, user)
        response.setHeader('mcp-session-id', id)
      }
      const serverInfo = { name: 'leaky', version: '1' }
      return this.#send(visit, { result: { protocolVersion: '2025-11-25', capabilities: { tools: {} }, serverInfo } })
    }
    this.#latestId = message.id
    const actor = this.#actor(visit)
    if (message.method === 'tools/list') return this.#send(visit, { result: await this.#list(message, actor) })
    await this.#call(visit, actor)
  }

  #actor({ message, request, user }: Visit): User {
    const named = (tenant: unknown): User | undefined => users.find(({ tenant_id }) => tenant_id === tenant)
    const query = new URL(request.url ?? '/', 'http://localhost').searchParams
    if (this.#makes('the tenant of a header')) return named(request.headers['x-tenant-id']) ?? user
    if (this.#makes('the tenant of the query')) return named(query.get('tenant')) ?? user
    if (this.#makes('the tenant of _meta')) return named(message.params?._meta?.tenant_id) ?? user
    return user
  }

  async #list(message: Message, { tools }: User): Promise<object> {
    const own = { tools: tools.map((name) => ({ name, inputSchema: { type: 'object' } })) }
    if (this.#makes('a list of tools that changes hands')) {
      this.#counter += 1
      return this.#counter % 2 === 0 ? { tools: [] } : own
    }
    const key = this.#makes('a list that is everybody’s') ? 'all' : JSON.stringify(message)
    if (!this.#makes('one cache of lists for everybody', 'a list that is everybody’s')) return own
    const known = this.#lists.get(key) ?? own
    this.#lists.set(key, known)
    return known
  }

  async #call(visit: Visit, actor: User): Promise<void> {
    const { message, response } = visit
    const name = message.params?.name ?? ''
    this.called.push(name)
    if (!actor.tools.includes(name)) {
      const hidden = users.some(({ tools }) => tools.includes(name))
      if (hidden && this.#makes('another status for a hidden tool')) {
        return void response.writeHead(403).end('{"error":"forbidden"}')
      }
      if (hidden && this.#makes('another header for a hidden tool')) response.setHeader('x-checked', 'yes')
      return this.#send(visit, { error: { code: -32602, message: `Unknown tool: ${name}` } })
    }
    this.#latest = actor
    await pause(1 + Math.random() * 4)
    if (name === 'count') return this.#send(visit, text(`call ${(this.#counter += 1)}`))
    const greeted = this.#makes('the caller of the moment') ? this.#latest : actor
    const id = this.#makes('the request of the moment') ? this.#latestId : message.id
    const said = text(`Hello, ${greeted.email}!`)
    this.#send({ ...visit, message: { ...message, ...(id === undefined ? {} : { id }) } }, said)
  }

  #send({ message, response }: Visit, answer: object): void {
    const json = JSON.stringify({ jsonrpc: '2.0', id: message.id, ...answer })
    const events = this.#options.framing === 'events'
    response.writeHead(200, { 'content-type': events ? 'text/event-stream' : 'application/json' })
    response.end(events ? `event: message\ndata: ${json}\n\n` : json)
  }
}

function text(said: string): object {
  return { result: { content: [{ type: 'text', text: said }] } }
}
