import { once } from 'node:events'
import { connect, createServer, type Server, type Socket } from 'node:net'
import { setTimeout as pause } from 'node:timers/promises'
import type { ConnectionSettings } from '../../src/adapter/postgres/connection-settings.js'
import { Random } from './random.js'

/** What becomes of connections, those that stand included; see `FaultProxy.set`. */
export type Fault =
  | 'pass'
  | 'blackhole'
  | 'refuse'
  | 'reset'
  | 'corrupt'
  | 'mute'
  | { readonly latency: number }
  | { readonly throttle: number }
  | { readonly cutAfter: number }

export interface FaultCounts {
  /** Connections that were accepted. */
  readonly accepted: number
  /** Connections that stand. */
  readonly open: number
  /** Bytes that were passed on, in both directions. */
  readonly bytes: number
}

/** A folder stands for the Unix socket that PostgreSQL has there. */
export type FaultTarget = Pick<ConnectionSettings, 'host' | 'port'>

interface Link {
  readonly client: Socket
  readonly target: Socket
  /** Bytes passed on since the fault was set. */
  passed: number
}

const loopback = '127.0.0.1'
const ticksPerSecond = 50

/** Stands between us and something we depend on, and fails in the ways that networks and servers do. */
export class FaultProxy {
  readonly port: number
  readonly #target: FaultTarget
  readonly #links = new Set<Link>()
  readonly #random = new Random(1)
  #server: Server
  #fault: Fault = 'pass'
  #accepted = 0
  #bytes = 0

  private constructor(target: FaultTarget, server: Server, port: number) {
    this.#target = target
    this.#server = server
    this.port = port
    server.on('connection', (client) => this.#accept(client))
  }

  static async open(target: FaultTarget): Promise<FaultProxy> {
    const server = await listen(0)
    const address = server.address()
    if (address === null || typeof address === 'string') throw new TypeError('the proxy has no port')
    return new FaultProxy(target, server, address.port)
  }

  get counts(): FaultCounts {
    return { accepted: this.#accepted, open: this.#links.size, bytes: this.#bytes }
  }

  /** The settings of a PostgreSQL, by way of the proxy. */
  before<Settings extends FaultTarget>(settings: Settings): Settings {
    return { ...settings, host: loopback, port: this.port }
  }

  /**
   * `pass` forwards; `latency` does so after that many milliseconds, `throttle` so many bytes a second in each direction. `blackhole`
   * accepts and swallows; what was swallowed does not come back. `refuse` closes the port and what stands, `reset` answers everybody
   * with RST. `cutAfter` hangs up on a connection once so many bytes have passed, both directions together. `corrupt` flips one bit
   * in each piece of what the target says; `mute` swallows it, and what clients say arrives.
   */
  async set(fault: Fault): Promise<void> {
    if (this.#fault === 'refuse' && fault !== 'refuse') {
      this.#server = await listen(this.port)
      this.#server.on('connection', (client) => this.#accept(client))
    }
    this.#fault = fault
    for (const link of this.#links) {
      link.passed = 0
      if (fault === 'reset') resetLink(link)
      if (fault === 'refuse') endLink(link)
    }
    if (fault === 'refuse' && this.#server.listening) await closed(this.#server)
  }

  async close(): Promise<void> {
    for (const link of this.#links) endLink(link)
    if (this.#server.listening) await closed(this.#server)
  }

  #accept(client: Socket): void {
    this.#accepted += 1
    const { host, port } = this.#target
    const place = host.startsWith('/') ? { path: `${host}/.s.PGSQL.${port}` } : { port, host }
    const target = connect({ ...place, allowHalfOpen: true })
    const link: Link = { client, target, passed: 0 }
    this.#links.add(link)
    for (const socket of [client, target]) {
      socket.on('error', () => endLink(link))
      // One that has said everything may be done before what it said has been passed on.
      socket.on('close', () => {
        if (client.destroyed && target.destroyed) this.#links.delete(link)
      })
    }
    if (this.#fault === 'reset') resetLink(link)
    void this.#pump(link, client, target)
    void this.#pump(link, target, client)
  }

  async #pump(link: Link, from: Socket, to: Socket): Promise<void> {
    try {
      for await (const piece of from.iterator({ destroyOnReturn: false }))
        await this.#forward(link, piece as Buffer, to)
      if (this.#fault !== 'blackhole') to.end()
    } catch {
      endLink(link)
    }
  }

  async #forward(link: Link, piece: Buffer, to: Socket): Promise<void> {
    const fault = this.#fault
    if (fault === 'corrupt' && to === link.client) return this.#write(link, this.#corrupted(piece), to)
    if (fault === 'mute' && to === link.client) return
    if (typeof fault === 'string') return fault === 'blackhole' ? undefined : this.#write(link, piece, to)
    if ('throttle' in fault) return this.#trickle(link, piece, { to, fault })
    if ('cutAfter' in fault) return this.#cut(link, piece.subarray(0, fault.cutAfter - link.passed), { to, fault })
    await pause(fault.latency)
    if (this.#fault !== 'blackhole') this.#write(link, piece, to)
  }

  #write(link: Link, piece: Buffer, to: Socket): void {
    if (to.destroyed) return
    link.passed += piece.length
    this.#bytes += piece.length
    to.write(piece)
  }

  async #trickle(
    link: Link,
    piece: Buffer,
    { to, fault }: { readonly to: Socket; readonly fault: { readonly throttle: number } },
  ): Promise<void> {
    const step = Math.max(1, Math.floor(fault.throttle / ticksPerSecond))
    for (let start = 0; start < piece.length; start += step) {
      // Set to something else meanwhile: the rest goes that way.
      if (this.#fault !== fault) return this.#forward(link, piece.subarray(start), to)
      const part = piece.subarray(start, start + step)
      await pause((1000 * part.length) / fault.throttle)
      this.#write(link, part, to)
    }
  }

  #cut(
    link: Link,
    allowed: Buffer,
    { to, fault }: { readonly to: Socket; readonly fault: { readonly cutAfter: number } },
  ): void {
    this.#write(link, allowed, to)
    if (link.passed < fault.cutAfter) return
    link.client.destroySoon()
    link.target.destroySoon()
  }

  #corrupted(piece: Buffer): Buffer {
    const copy = Buffer.from(piece)
    const at = Math.floor(this.#random.next() * copy.length)
    copy[at] = (copy[at] ?? 0) ^ (1 << Math.floor(this.#random.next() * 8))
    return copy
  }
}

async function listen(port: number): Promise<Server> {
  const server = createServer({ allowHalfOpen: true }).listen(port, loopback)
  await once(server, 'listening')
  return server
}

async function closed(server: Server): Promise<void> {
  server.close()
  await once(server, 'close')
}

function endLink({ client, target }: Link): void {
  client.destroy()
  target.destroy()
}

function resetLink({ client, target }: Link): void {
  client.resetAndDestroy()
  target.destroy()
}
