import { once } from 'node:events'
import { connect, createServer, type Server, type Socket } from 'node:net'
import type { ConnectionSettings } from '../../src/adapter/postgres/connection-settings.js'

export type GateMode = 'open' | 'shut' | 'silent'

/** A way to a PostgreSQL over TCP that can be shut, as if none ran there, or fall silent: then it accepts and answers nothing. */
export class DatabaseGate {
  readonly port: number
  readonly #target: ConnectionSettings
  readonly #sockets = new Set<Socket>()
  #mode: GateMode
  #server: Server | undefined
  #taken = 0

  private constructor(target: ConnectionSettings, port: number, mode: GateMode) {
    this.#target = target
    this.port = port
    this.#mode = mode
  }

  /** One on a port of its own, shut unless told. */
  static async create(target: ConnectionSettings, mode: GateMode = 'shut'): Promise<DatabaseGate> {
    const gate = new DatabaseGate(target, await freePort(), 'shut')
    await gate.set(mode)
    return gate
  }

  /** The settings of the cluster, by way of the gate. */
  get connection(): ConnectionSettings {
    return { ...this.#target, host: '127.0.0.1', port: this.port }
  }

  /** Connections that were taken, whatever came of them. */
  get taken(): number {
    return this.#taken
  }

  /** Breaks the connections there are, when it shuts. */
  async set(mode: GateMode): Promise<void> {
    this.#mode = mode
    if (mode === 'shut') {
      for (const socket of this.#sockets) socket.destroy()
      const server = this.#server
      this.#server = undefined
      if (server !== undefined) await new Promise((resolve) => server.close(resolve))
    } else if (this.#server === undefined) {
      this.#server = createServer((inner) => this.#take(inner)).listen(this.port, '127.0.0.1')
      await once(this.#server, 'listening')
    }
  }

  close(): Promise<void> {
    return this.set('shut')
  }

  #take(inner: Socket): void {
    this.#taken += 1
    const { host, port } = this.#target
    const outer = connect(`${host}/.s.PGSQL.${port}`)
    this.#join(inner, outer)
    this.#join(outer, inner)
  }

  #join(from: Socket, to: Socket): void {
    this.#sockets.add(from)
    from.on('data', (bytes) => {
      if (this.#mode === 'open') to.write(bytes)
    })
    from.on('error', () => to.destroy())
    from.on('close', () => {
      this.#sockets.delete(from)
      to.destroy()
    })
  }
}

/** A port that nobody listens on. */
export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  server.close()
  await once(server, 'close')
  return typeof address === 'object' && address !== null ? address.port : 0
}
