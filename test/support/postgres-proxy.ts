import { once } from 'node:events'
import { createServer, connect, type Socket } from 'node:net'
import type { ConnectionSettings } from '../../src/adapter/postgres/connection-settings.js'

export type ProxyMode = 'pass' | 'silent'

export interface PostgresProxy {
  /** The settings of the cluster, by way of the proxy. */
  readonly connection: ConnectionSettings
  /** `silent` accepts and swallows everything, in both directions, on connections old and new. */
  mode: ProxyMode
  close(): Promise<void>
}

/** Stands between us and PostgreSQL, and can stop forwarding without closing anything. */
export async function openPostgresProxy(target: ConnectionSettings): Promise<PostgresProxy> {
  const sockets = new Set<Socket>()
  const server = createServer((inner) => {
    const outer = connect(`${target.host}/.s.PGSQL.${target.port}`)
    for (const [from, to] of [
      [inner, outer],
      [outer, inner],
    ] as const) {
      sockets.add(from)
      from.on('data', (bytes) => {
        if (proxy.mode === 'pass') to.write(bytes)
      })
      from.on('error', () => to.destroy())
      from.on('close', () => {
        sockets.delete(from)
        to.destroy()
      })
    }
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  const port = typeof address === 'object' && address !== null ? address.port : 0
  const proxy: PostgresProxy = {
    connection: { ...target, host: '127.0.0.1', port },
    mode: 'pass',
    async close() {
      for (const socket of sockets) socket.destroy()
      server.close()
      await once(server, 'close')
    },
  }
  return proxy
}
