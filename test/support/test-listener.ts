import { createServer, type RequestListener, type Server } from 'node:http'
import { createServer as createTlsServer } from 'node:https'
import type { AddressInfo, Server as NetServer } from 'node:net'
import { createServer as createTcpServer } from 'node:net'
import type { ServerCertificate } from './certificates.js'

/** A server of a test, on every address of this computer. */
export interface TestListener {
  readonly port: number
  /** How many connections have come. */
  readonly hits: () => number
  readonly close: () => Promise<void>
}

/** Takes note of whoever connects, and hangs up. */
export async function listenForHits(): Promise<TestListener> {
  const server = createTcpServer((socket) => void socket.destroy())
  return await listen(server, () => undefined)
}

/** Answers over http. */
export async function listenHttp(answer: RequestListener): Promise<TestListener> {
  return await listenWeb(createServer(answer))
}

/** Answers over https. */
export async function listenHttps(certificate: ServerCertificate, answer: RequestListener): Promise<TestListener> {
  return await listenWeb(createTlsServer({ ...certificate }, answer))
}

async function listenWeb(server: Server): Promise<TestListener> {
  return await listen(server, () => {
    server.closeAllConnections()
  })
}

async function listen(server: NetServer, hangUp: () => void): Promise<TestListener> {
  let hits = 0
  server.on('connection', () => (hits += 1))
  await new Promise<void>((resolve) => server.listen(0, '::', resolve))
  const { port } = server.address() as AddressInfo
  const close = async (): Promise<void> => {
    hangUp()
    await new Promise((resolve) => server.close(resolve))
  }
  return { port, hits: () => hits, close }
}
