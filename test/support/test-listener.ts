import { createServer, type RequestListener, type Server } from 'node:http'
import { createServer as createTlsServer } from 'node:https'
import { createServer as createTcpServer, type AddressInfo, type Server as NetServer, type Socket } from 'node:net'
import type { ServerCertificate } from './certificates.js'

/** A server of a test. */
export interface TestListener {
  readonly port: number
  /** How many connections have come. */
  readonly hits: () => number
  readonly close: () => Promise<void>
}

/** Takes note of whoever connects, on every address of this computer, and hangs up. */
export async function listenForHits(): Promise<TestListener> {
  const server = createTcpServer((socket) => void socket.destroy())
  return await listen(server, () => undefined)
}

/** Takes note of whoever connects, and says nothing. */
export async function listenSilently(): Promise<TestListener> {
  const sockets = new Set<Socket>()
  const server = createTcpServer((socket) => void sockets.add(socket.on('error', () => undefined)))
  return await listen(server, () => {
    for (const socket of sockets) socket.destroy()
  })
}

/** Answers over http, on every address unless one is named. */
export async function listenHttp(answer: RequestListener, host?: string): Promise<TestListener> {
  return await listenWeb(createServer(answer), host)
}

/** Answers over https. */
export async function listenHttps(certificate: ServerCertificate, answer: RequestListener): Promise<TestListener> {
  return await listenWeb(createTlsServer({ ...certificate }, answer))
}

async function listenWeb(server: Server, host?: string): Promise<TestListener> {
  const hangUp = (): void => {
    server.closeAllConnections()
  }
  return await listen(server, hangUp, host)
}

async function listen(server: NetServer, hangUp: () => void, host?: string): Promise<TestListener> {
  let hits = 0
  server.on('connection', () => (hits += 1))
  await new Promise<void>((resolve) => server.listen({ port: 0, ...(host === undefined ? {} : { host }) }, resolve))
  const { port } = server.address() as AddressInfo
  const close = async (): Promise<void> => {
    hangUp()
    await new Promise((resolve) => server.close(resolve))
  }
  return { port, hits: () => hits, close }
}
