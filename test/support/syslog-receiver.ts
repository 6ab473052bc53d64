import { once } from 'node:events'
import { createServer, type AddressInfo, type Server, type Socket } from 'node:net'
import { createServer as createSecureServer } from 'node:tls'
import type { ServerCertificate } from './certificates.js'

export interface SyslogSink {
  readonly port: number
  /** Messages that came whole, in the order in which they came. */
  readonly messages: readonly string[]
  /** How many connections there were. */
  readonly connections: number
  /** From now on a connection is cut off once that many bytes of it have come; `undefined`: none is. */
  cutAfter(bytes: number | undefined): void
  close(): Promise<void>
}

/** A receiver of octet-counted syslog (RFC 6587 §3.4.1), over TLS where it has a certificate. */
export async function openSyslogSink(certificate?: ServerCertificate, port = 0): Promise<SyslogSink> {
  const messages: string[] = []
  const sockets = new Set<Socket>()
  let connections = 0
  let most: number | undefined
  const take = (socket: Socket): void => {
    connections += 1
    let waiting = Buffer.alloc(0)
    let received = 0
    socket.on('error', () => undefined)
    socket.on('data', (bytes: Buffer) => {
      received += bytes.length
      if (most !== undefined && received > most) {
        socket.resetAndDestroy()
        return
      }
      waiting = Buffer.concat([waiting, bytes])
      for (;;) {
        const length = /^(\d+) /.exec(waiting.subarray(0, 12).toString('latin1'))?.[1]
        const start = length === undefined ? 0 : length.length + 1
        if (length === undefined || waiting.length < start + Number(length)) return
        messages.push(waiting.subarray(start, start + Number(length)).toString())
        waiting = waiting.subarray(start + Number(length))
      }
    })
  }
  const server: Server = certificate === undefined ? createServer(take) : createSecureServer({ ...certificate }, take)
  server.on('connection', (socket: Socket) => {
    sockets.add(socket)
    socket.on('error', () => undefined)
    socket.once('close', () => sockets.delete(socket))
  })
  server.listen(port, '127.0.0.1')
  await once(server, 'listening')
  return {
    port: (server.address() as AddressInfo).port,
    messages,
    get connections() {
      return connections
    },
    cutAfter(bytes) {
      most = bytes
    },
    async close() {
      for (const socket of sockets) socket.destroy()
      server.close()
      await once(server, 'close')
    },
  }
}
