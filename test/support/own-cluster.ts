import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Client } from 'pg'
import type { ConnectionSettings } from '../../src/adapter/postgres/connection-settings.js'
import { createCluster, readPassword, superuser } from '../../src/adapter/postgres/embedded/cluster.js'
import { findNativePackage } from '../../src/adapter/postgres/embedded/native-package.js'
import { acceptsConnections } from '../../src/adapter/postgres/embedded/probe-connection.js'
import { prepareBinaries, type ServerBinaries } from '../../src/adapter/postgres/embedded/server-binaries.js'
import { preparePlace, type ServerPlace } from '../../src/adapter/postgres/embedded/server-place.js'
import { serverArguments, socketPort } from '../../src/adapter/postgres/embedded/server-settings.js'
import type { Row } from './postgres.js'
import { until } from './until.js'

const startMilliseconds = 30_000
const signals = { fast: 'SIGINT', immediate: 'SIGQUIT' } as const

/** A PostgreSQL that belongs to one test file, with settings of its own, to be stopped and started at will. */
export class OwnCluster {
  /** Its superuser, by its Unix socket. */
  readonly connection: ConnectionSettings
  readonly #home: string
  readonly #place: ServerPlace
  readonly #binaries: ServerBinaries
  readonly #settings: Readonly<Record<string, string>>
  #server: ChildProcess | undefined

  /** Makes and starts it; `settings` are those of postgresql.conf. */
  static async start(settings: Readonly<Record<string, string>> = {}): Promise<OwnCluster> {
    const home = await mkdtemp(join(existsSync('/dev/shm') ? '/dev/shm' : tmpdir(), 'authsec-faults-'))
    const place = await preparePlace(home)
    const binaries = await prepareBinaries(findNativePackage(), place)
    await createCluster(place, binaries, { write: () => undefined })
    const cluster = new OwnCluster(home, { place, binaries, settings })
    await cluster.start()
    return cluster
  }

  private constructor(
    home: string,
    made: {
      readonly place: ServerPlace
      readonly binaries: ServerBinaries
      readonly settings: Readonly<Record<string, string>>
    },
  ) {
    const { data } = made.place
    this.#home = home
    this.#place = made.place
    this.#binaries = made.binaries
    this.#settings = made.settings
    this.connection = { host: data, port: socketPort, user: superuser, password: readPassword(data) }
  }

  /** Resolves once it takes connections. */
  async start(): Promise<void> {
    const { account, base, data } = this.#place
    const own = Object.entries(this.#settings).flatMap(([name, value]) => ['-c', `${name}=${value}`])
    this.#server = spawn(this.#binaries.postgres, [...serverArguments(data, data), ...own], {
      ...account,
      cwd: base,
      env: this.#binaries.environment,
      stdio: 'ignore',
    })
    await until(() => acceptsConnections(this.connection), startMilliseconds)
  }

  /** `fast` ends connections and says so; `immediate` is as good as a crash. */
  async stop(how: keyof typeof signals): Promise<void> {
    const server = this.#server
    this.#server = undefined
    if (server === undefined || server.exitCode !== null) return
    const ended = once(server, 'exit')
    server.kill(signals[how])
    await ended
  }

  /** Plain SQL on a database, as superuser. */
  async sql(database: string, query: string, parameters: readonly unknown[] = []): Promise<readonly Row[]> {
    const client = await this.connect(database)
    try {
      return (await client.query<Row>(query, [...parameters])).rows
    } finally {
      await client.end()
    }
  }

  /** A superuser's connection, to be ended by whoever asked for it. */
  async connect(database: string): Promise<Client> {
    const { host, port, user, password } = this.connection
    const client = new Client({ host, port, user, password, database })
    client.on('error', () => undefined)
    await client.connect()
    return client
  }

  async close(): Promise<void> {
    await this.stop('immediate')
    for (const folder of new Set([this.#home, this.#place.base])) await rm(folder, { recursive: true, force: true })
  }
}
