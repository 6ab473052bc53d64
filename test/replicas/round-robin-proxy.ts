import { once } from 'node:events'
import { createServer, request as send, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { connect, type AddressInfo, type Socket } from 'node:net'

/** One process behind the proxy, from its start to its end. */
export interface Backend {
  readonly name: string
  readonly port: number
  /** Whether somebody has killed it. */
  killed: boolean
}

/** A request that a process had when it ended. */
export interface BrokenRequest {
  readonly id: string
  readonly backend: Backend
}

/** The header by which a client of the proxy names its request; the servers do not see it. */
export const requestName = 'x-request-name'

/**
 * A load balancer: each request goes to the next server over a connection of its own. Where no connection can be made the one after
 * is tried, and the first is left out until it is put back; what was sent is never sent again. Servers see the client's address.
 */
export class RoundRobinProxy {
  readonly port: number
  readonly #server: Server
  readonly #backends: Backend[] = []
  readonly #open = new Map<ServerResponse, BrokenRequest>()
  /** Requests that broke, by the names that their clients gave them. */
  readonly #broken = new Map<string, BrokenRequest>()
  #turn = 0
  #requests = 0

  private constructor(server: Server) {
    this.#server = server
    this.port = (server.address() as AddressInfo).port
    server.on('request', (request, response) => void this.#handle(request, response))
  }

  static async open(): Promise<RoundRobinProxy> {
    const server = createServer({ keepAliveTimeout: 60_000, requestTimeout: 0 })
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    return new RoundRobinProxy(server)
  }

  get origin(): string {
    return `http://127.0.0.1:${this.port}`
  }

  /** How many requests came. */
  get requests(): number {
    return this.#requests
  }

  get broken(): readonly BrokenRequest[] {
    return [...this.#broken.values()]
  }

  /** Sends requests to this process from now on, in place of the one that had its port. */
  put(backend: Backend): void {
    this.#leaveOut(({ port }) => port === backend.port)
    this.#backends.push(backend)
  }

  /** Whether the request of that name broke because its process was killed. */
  wasLost(name: string): boolean {
    return this.#broken.get(name)?.backend.killed === true
  }

  /** How many requests a process has now. */
  inFlight(backend: Backend): number {
    return [...this.#open.values()].filter((request) => request.backend === backend).length
  }

  async close(): Promise<void> {
    this.#server.closeAllConnections()
    this.#server.close()
    await once(this.#server, 'close')
  }

  async #handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    this.#requests += 1
    const { [requestName]: given, ...headers } = request.headers
    const id = typeof given === 'string' ? given : `request ${this.#requests}`
    const reached = await this.#connect(request.socket.remoteAddress)
    if (reached === undefined) {
      response.writeHead(503, { 'content-type': 'text/plain' }).end('no server takes a connection')
      return
    }
    const { backend, socket } = reached
    const fail = (): void => {
      if (this.#open.delete(response)) this.#broken.set(id, { id, backend })
      socket.destroy()
      if (response.headersSent) response.destroy()
      else response.writeHead(502, { 'content-type': 'text/plain' }).end('the server went away')
    }
    this.#open.set(response, { id, backend })
    const { method = 'GET', url: path = '/' } = request
    const sent = { ...headers, connection: 'close' }
    const outgoing = send({ method, path, headers: sent, createConnection: () => socket })
    outgoing.on('error', fail)
    outgoing.on('response', (incoming) => {
      response.writeHead(incoming.statusCode ?? 502, endToEnd(incoming.rawHeaders))
      response.flushHeaders()
      incoming.on('data', (chunk: Buffer) => response.write(chunk))
      incoming.on('error', fail)
      incoming.on('end', () => {
        this.#open.delete(response)
        response.end()
      })
    })
    response.on('close', () => {
      // Whoever hangs up loses nothing.
      this.#open.delete(response)
      socket.destroy()
    })
    request.pipe(outgoing)
  }

  async #connect(
    address: string | undefined,
  ): Promise<{ readonly backend: Backend; readonly socket: Socket } | undefined> {
    for (let tries = this.#backends.length; tries > 0; tries -= 1) {
      const backend = this.#backends[this.#turn % this.#backends.length]
      if (backend === undefined) return undefined
      this.#turn += 1
      const socket = connect({ host: '127.0.0.1', port: backend.port, localAddress: address ?? '127.0.0.1' })
      try {
        await once(socket, 'connect')
        return { backend, socket }
      } catch {
        this.#leaveOut((other) => other === backend)
      }
    }
    return undefined
  }

  #leaveOut(which: (backend: Backend) => boolean): void {
    const left = this.#backends.filter((backend) => !which(backend))
    this.#backends.splice(0, this.#backends.length, ...left)
  }
}

/** Names and values in turn, without those that speak of one connection only. */
function endToEnd(rawHeaders: readonly string[]): string[] {
  return rawHeaders.filter((_text, index) => {
    const name = rawHeaders[index - (index % 2)]?.toLowerCase() ?? ''
    return !['connection', 'keep-alive', 'transfer-encoding'].includes(name)
  })
}
