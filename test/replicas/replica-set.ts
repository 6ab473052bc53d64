import { once } from 'node:events'
import { createServer } from 'node:net'
import { startServerProcess, type ServerProcess } from '../support/server-process.js'
import type { Backend, RoundRobinProxy } from './round-robin-proxy.js'

export interface ReplicaSetOptions {
  readonly proxy: RoundRobinProxy
  readonly home: string
  readonly env: Readonly<Record<string, string>>
}

/** A replica that was killed and is there again. */
export interface Restart {
  readonly name: string
  /** Requests that it had, streams included. */
  readonly inFlight: number
  readonly readyMilliseconds: number
}

interface Replica {
  readonly backend: Backend
  readonly process: ServerProcess
}

const names = ['a', 'b', 'c'] as const

/** Three processes of one server, each on a port of its own that it keeps. */
export class ReplicaSet {
  readonly #options: ReplicaSetOptions
  readonly #replicas = new Map<string, Replica>()
  readonly #restarts: Restart[] = []
  /** Those that were killed, too. */
  readonly #processes: ServerProcess[] = []
  #turn = 0

  private constructor(options: ReplicaSetOptions) {
    this.#options = options
  }

  /** All three, ready. */
  static async start(options: ReplicaSetOptions): Promise<ReplicaSet> {
    const set = new ReplicaSet(options)
    try {
      await Promise.all(names.map(async (name) => set.#start(name, await freePort())))
    } catch (error) {
      await set.close()
      throw error
    }
    return set
  }

  get restarts(): readonly Restart[] {
    return this.#restarts
  }

  get ports(): readonly number[] {
    return [...this.#replicas.values()].map(({ backend }) => backend.port)
  }

  /** The lines of their logs, also of those that were killed. */
  get logs(): readonly string[] {
    return this.#processes.flatMap((process) => process.stderr().split('\n')).filter((line) => line !== '')
  }

  /** Kills the next one in the middle of what it does, and resolves when it is ready again. */
  async killNext(): Promise<void> {
    const name = names[this.#turn % names.length] ?? 'a'
    this.#turn += 1
    const replica = this.#replicas.get(name)
    if (replica === undefined) throw new TypeError(`there is no replica ${name}`)
    const inFlight = this.#options.proxy.inFlight(replica.backend)
    replica.backend.killed = true
    await replica.process.kill()
    const killedAt = performance.now()
    await this.#start(name, replica.backend.port)
    this.#restarts.push({ name, inFlight, readyMilliseconds: Math.round(performance.now() - killedAt) })
  }

  async close(): Promise<void> {
    await Promise.all(this.#processes.map((process) => process.kill()))
  }

  async #start(name: string, port: number): Promise<void> {
    const { env, home, proxy } = this.#options
    const process = await startServerProcess({
      ...{ home, entry: 'test/replicas/server.mjs' },
      env: { ...env, NODE_ENV: 'production', PORT: String(port), AUTHSEC_PUBLIC_URL: proxy.origin },
    })
    this.#processes.push(process)
    const backend = { name, port, killed: false }
    this.#replicas.set(name, { backend, process })
    proxy.put(backend)
  }
}

/** Not one of those that the system gives to outgoing connections: one of them could take it while its replica is down. */
async function freePort(): Promise<number> {
  for (;;) {
    const port = 20_000 + Math.floor(Math.random() * 10_000)
    const server = createServer().listen(port, '127.0.0.1')
    try {
      await once(server, 'listening')
    } catch {
      continue
    }
    server.close()
    await once(server, 'close')
    return port
  }
}
