import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { ConfigurationError } from '../core/error/configuration-error.js'
import type { Log } from '../core/runtime/log.js'
import { securityHeaders } from './security-headers.js'
import type { VariableName } from './settings/environment.js'

/** Answers a request, or `false` where its path is none of this handler's. */
export type HttpHandler = (request: IncomingMessage, response: ServerResponse) => Promise<boolean>

export interface Listener {
  readonly port: number
  /** What answers from now on; requests that came before anything did have waited for it. */
  serve(handlers: readonly HttpHandler[]): void
  /** Goes on as before, but every answer ends its connection: the next request is for another process. */
  retire(): void
  /** Takes no new connection and ends idle ones; resolves when the last request is answered, or after `graceMilliseconds`. */
  close(graceMilliseconds: number): Promise<void>
}

export interface ListenerOptions {
  readonly host: string
  readonly port: number
  readonly log: Log
  /** The variable that says which port; default `PORT`. */
  readonly variable?: VariableName
}

const limits = { headersTimeout: 10_000, requestTimeout: 30_000, keepAliveTimeout: 65_000, maxHeaderSize: 24_576 }

/** Binds the one HTTP server. Throws `ConfigurationError` when the address is taken or not ours. */
export async function openListener({ host, port, log, variable = 'PORT' }: ListenerOptions): Promise<Listener> {
  let serveFirst: (handlers: readonly HttpHandler[]) => void = () => undefined
  let handlers = new Promise<readonly HttpHandler[]>((resolve) => {
    serveFirst = resolve
  })
  const answer = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    for (const handler of await handlers) if (await handler(request, response)) return
    refuse(response, 404, 'not found')
  }
  const server = createServer(limits, (request, response) => {
    connections.begin(response)
    answer(request, response).catch((error: unknown) => {
      log.write('error', 'a request failed', { error })
      refuse(response, 500, 'internal error')
    })
  })
  const connections = new Connections(server)
  await bind(server, { host, port, variable })
  let closing: Promise<void> | undefined
  return {
    port: portOf(server),
    serve(given) {
      serveFirst(given)
      handlers = Promise.resolve(given)
    },
    retire: () => connections.retire(),
    close(graceMilliseconds) {
      closing ??= connections.close(graceMilliseconds)
      return closing
    },
  }
}

function portOf(server: Server): number {
  const address = server.address()
  if (address === null || typeof address === 'string') throw new TypeError('the server is not bound to a port')
  return address.port
}

function refuse(response: ServerResponse, status: number, text: string): void {
  if (response.headersSent) {
    response.destroy()
    return
  }
  response.writeHead(status, { ...securityHeaders, 'content-type': 'application/json' })
  response.end(JSON.stringify({ error: text }))
}

interface Address {
  readonly host: string
  readonly port: number
  readonly variable: VariableName
}

function bind(server: Server, { host, port, variable }: Address): Promise<void> {
  return new Promise((resolve, reject) => {
    const fail = (cause: NodeJS.ErrnoException): void => {
      const reason =
        cause.code === 'EADDRINUSE' ? `is in use; set ${variable} to another one` : `cannot be bound (${cause.code})`
      reject(new ConfigurationError('ERR_CONFIG_URL', `${host}:${port} ${reason}`, { cause }))
    }
    server.once('error', fail)
    server.listen({ host: host.replace(/^\[|\]$/g, ''), port }, () => {
      server.off('error', fail)
      resolve()
    })
  })
}

/** The connections of a server, and how they end when it does. */
class Connections {
  readonly #server: Server
  readonly #running = new Set<ServerResponse>()
  #phase: 'open' | 'retiring' | 'closing' = 'open'

  constructor(server: Server) {
    this.#server = server
  }

  begin(response: ServerResponse): void {
    if (this.#phase !== 'open') response.shouldKeepAlive = false
    this.#running.add(response)
    response.once('close', () => {
      this.#running.delete(response)
      // One whose answer had begun before is kept alive by its own header.
      if (this.#phase === 'closing') setImmediate(() => this.#server.closeIdleConnections())
    })
  }

  retire(): void {
    if (this.#phase === 'open') this.#phase = 'retiring'
    for (const response of this.#running) if (!response.headersSent) response.shouldKeepAlive = false
  }

  close(graceMilliseconds: number): Promise<void> {
    this.retire()
    this.#phase = 'closing'
    return new Promise((resolve) => {
      const force = setTimeout(() => this.#server.closeAllConnections(), graceMilliseconds)
      this.#server.close(() => {
        clearTimeout(force)
        resolve()
      })
      this.#server.closeIdleConnections()
    })
  }
}
