import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { createServer as createTlsServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { systemClock, type Clock } from '../../../src/core/runtime/clock.js'
import type { ServerCertificate } from '../certificates.js'
import type { FakeEngine } from './fake-kv.js'
import { refuse, secondsIn, type FakeCall, type FakeReply } from './fake-reply.js'
import { FakeSpace } from './fake-space.js'

/** What it does instead of its work. */
export type VaultFault =
  | { readonly kind: 'hang' | 'drip' | 'html' | 'huge' | 'hang-up' }
  | { readonly kind: 'status'; readonly status: number; readonly location?: string; readonly text?: string }

/** A request that came, whatever became of it. */
export interface VaultVisit {
  readonly method: string
  /** As it was sent, below `/v1/`, with its query. */
  readonly path: string
  readonly token: string | undefined
  readonly namespace: string
  readonly body: string
}

export interface FakeVaultOptions {
  /** Default: that of the system. */
  readonly clock?: Clock
  /** Default: http. */
  readonly certificate?: ServerCertificate
  /** Besides the one without a name. */
  readonly namespaces?: readonly string[]
}

/**
 * HashiCorp Vault as far as it is used here, over HTTP: logins, tokens, policies, response wrapping, KV in both versions, database
 * credentials with leases, namespaces; and whatever can go wrong with it. There is no Transit, which nothing here uses.
 */
export class FakeVault {
  /** Everything that has come, first to last. */
  readonly journal: VaultVisit[] = []
  readonly origin: string
  readonly rootToken: string
  sealed = false
  /** Instead of the answer, to whatever matches `faultPath`. */
  fault: VaultFault | undefined
  faultPath = /./
  /** How many bytes of huge answers have been taken. */
  poured = 0
  /** How many connections have come. */
  connections = 0
  readonly #server: Server
  readonly #spaces: ReadonlyMap<string, FakeSpace>

  private constructor(server: Server, origin: string, spaces: ReadonlyMap<string, FakeSpace>) {
    this.#server = server
    this.origin = origin
    this.#spaces = spaces
    this.rootToken = this.space('').tokens.make({ policies: ['root'], ttl: 0 }).id
  }

  static async start(options: FakeVaultOptions = {}): Promise<FakeVault> {
    const { certificate, clock = systemClock, namespaces = [] } = options
    const answer = (request: IncomingMessage, response: ServerResponse): void => void vault.#serve(request, response)
    const server = certificate === undefined ? createServer(answer) : createTlsServer({ ...certificate }, answer)
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    const { port } = server.address() as AddressInfo
    const origin = certificate === undefined ? `http://127.0.0.1:${port}` : `https://localhost:${port}`
    const spaces = ['', ...namespaces].map((name) => [name, new FakeSpace(clock)] as const)
    const vault = new FakeVault(server, origin, new Map(spaces))
    server.on('connection', () => (vault.connections += 1))
    return vault
  }

  space(namespace: string): FakeSpace {
    const space = this.#spaces.get(namespace)
    if (space === undefined) throw new TypeError(`there is no namespace ${namespace}`)
    return space
  }

  engine(mount: string): FakeEngine | undefined {
    return this.space('').engine(mount)
  }

  /** How many requests were for that, since `after` of them. */
  count(path: RegExp, after = 0): number {
    return this.journal.slice(after).filter((visit) => path.test(`${visit.method} ${visit.path}`)).length
  }

  async close(): Promise<void> {
    this.#server.closeAllConnections()
    await new Promise((resolve) => this.#server.close(resolve))
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    request.on('error', () => undefined)
    response.on('error', () => undefined)
    const body = await textOf(request)
    const path = (request.url ?? '').replace(/^\/v1\//, '')
    const [token, namespace] = [headerOf(request, 'x-vault-token'), headerOf(request, 'x-vault-namespace') ?? '']
    this.journal.push({ method: request.method ?? '', path, token, namespace, body })
    if (this.fault !== undefined && this.faultPath.test(path)) return this.#misbehave(this.fault, response)
    send(response, this.#answer({ request, path, token, namespace, body }))
  }

  #answer({ request, path, token, namespace, body }: Received): FakeReply {
    const url = URL.parse(path, 'http://vault/')
    if (url?.pathname === '/sys/health') return this.#health(url.searchParams)
    if (this.sealed) return refuse(503, 'Vault is sealed')
    const space = this.#spaces.get(namespace.replace(/\/$/, ''))
    if (space === undefined || url === null) return refuse(403, 'permission denied')
    const wrap = { ttl: headerOf(request, 'x-vault-wrap-ttl') }
    return space.answer({
      ...{ method: request.method === 'PUT' ? 'POST' : (request.method ?? ''), token, query: url.searchParams },
      ...{ path: decodeURIComponent(url.pathname.slice(1)), body: parse(body), wrapSeconds: secondsIn(wrap, 'ttl') },
    })
  }

  #misbehave(fault: VaultFault, response: ServerResponse): void {
    switch (fault.kind) {
      case 'hang':
        return
      case 'hang-up':
        response.socket?.destroy()
        return
      case 'drip':
        drip(response)
        return
      case 'html':
        response.writeHead(200, { 'Content-Type': 'text/html' }).end('<html><body>Sign in to the network</body></html>')
        return
      case 'huge':
        pour(response, (bytes) => (this.poured += bytes))
        return
      case 'status': {
        const headers = fault.location === undefined ? {} : { Location: fault.location }
        response.writeHead(fault.status, headers).end(fault.text ?? JSON.stringify({ errors: ['as told'] }))
      }
    }
  }

  #health(query: URLSearchParams): FakeReply {
    const status = this.sealed ? Number(query.get('sealedcode') ?? 503) : 200
    return { status, body: { initialized: true, sealed: this.sealed, standby: false, version: '1.20.0' } }
  }
}

interface Received {
  readonly request: IncomingMessage
  readonly path: string
  readonly token: string | undefined
  readonly namespace: string
  readonly body: string
}

/** A byte every now and then, without end. */
function drip(response: ServerResponse): void {
  response.writeHead(200, { 'Content-Type': 'application/json' })
  response.write('{"data":{"text":"')
  const timer = setInterval(() => response.write('x'), 50)
  response.once('close', () => {
    clearInterval(timer)
  })
}

/** 30 MB of JSON, as fast as it is taken. */
function pour(response: ServerResponse, note: (bytes: number) => void): void {
  const megabyte = 'x'.repeat(1_000_000)
  let left = 30
  const go = (): void => {
    while (left > 0 && !response.destroyed) {
      left -= 1
      note(megabyte.length)
      if (!response.write(megabyte)) return void response.once('drain', go)
    }
    response.end('"}')
  }
  response.writeHead(200, { 'Content-Type': 'application/json' }).write('{"data":"')
  go()
}

function send(response: ServerResponse, { status, body }: FakeReply): void {
  const text = body === undefined ? '' : JSON.stringify(body)
  response.writeHead(status, { 'Content-Type': 'application/json', 'Cache-Control': 'no-store' }).end(text)
}

async function textOf(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = []
  for await (const chunk of request) chunks.push(chunk as Buffer)
  return Buffer.concat(chunks).toString('utf8')
}

function parse(text: string): FakeCall['body'] {
  try {
    return { ...(Object(JSON.parse(text)) as Record<string, unknown>) }
  } catch {
    return {}
  }
}

function headerOf(request: IncomingMessage, name: string): string | undefined {
  const value = request.headers[name]
  return typeof value === 'string' && value !== '' ? value : undefined
}
