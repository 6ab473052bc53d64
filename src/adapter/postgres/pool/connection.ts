import type { Socket } from 'node:net'
import type { PostgresCursor, PostgresPoolClient, PostgresQueryResult } from 'kysely'
import { Client } from 'pg'
import type { Outage } from '../../../core/error/upstream-error.js'
import type { ConnectionSettings } from '../connection-settings.js'
import { databaseFailure, losesConnection } from './database-failure.js'
import { DatabaseSocket } from './database-socket.js'
import { statementName } from './statement-name.js'

const goodbyeMilliseconds = 500
/** Numbers come exactly and times readably, whatever somebody has set for the database. */
const plainSettings = '-c extra_float_digits=1 -c DateStyle=ISO'

/** How long the steps of database work may take, in milliseconds. */
export interface ConnectionTimes {
  readonly connect: number
  /** Enforced by PostgreSQL. */
  readonly statement: number
  /** Enforced here, for a server that no longer answers; more than `statement`. */
  readonly query: number
}

export interface ConnectionOptions {
  readonly settings: ConnectionSettings
  readonly database: string
  readonly outage: Outage
  readonly times: ConnectionTimes
  readonly onRelease: (connection: Connection) => void
  /** Called once when the connection breaks, in use or idle, with what is known of why. */
  readonly onLoss: (connection: Connection, reason: unknown) => void
  /** Hears what `LISTEN` asked for. */
  readonly onNotification?: (channel: string, payload: string) => void
}

/** One connection to one database. It is never used again after a failure that leaves its state in doubt. */
export class Connection implements PostgresPoolClient {
  readonly #client: Client
  readonly #options: ConnectionOptions
  readonly #socket = new DatabaseSocket()
  #lost = false
  #failed = false
  #unused = performance.now()

  private constructor(options: ConnectionOptions) {
    this.#options = options
    this.#client = new Client(clientConfig(options, this.#socket))
    // Without a listener of its own a client that breaks in use ends the process.
    this.#client.on('error', (error) => this.#lose(error))
    this.#client.on('notification', ({ channel, payload = '' }) => options.onNotification?.(channel, payload))
  }

  /** A connection that answers. Throws `UpstreamError` within the bound otherwise. */
  static async open(options: ConnectionOptions): Promise<Connection> {
    const connection = new Connection(options)
    try {
      await connection.#client.connect()
      return connection
    } catch (error) {
      connection.#lost = true
      connection.#socket.destroy()
      throw databaseFailure(error, options.outage)
    }
  }

  /** Whether it can be handed to the next caller: alive and in no transaction. */
  get reusable(): boolean {
    return !this.#lost && this.#client.getTransactionStatus() === 'I'
  }

  /** Whether a statement has failed since it was handed out. */
  get failed(): boolean {
    return this.#failed
  }

  get idleMilliseconds(): number {
    return performance.now() - this.#unused
  }

  query<R>(sql: string, parameters: readonly unknown[]): Promise<PostgresQueryResult<R>>
  query<R>(cursor: PostgresCursor<R>): PostgresCursor<R>
  query<R>(
    sql: string | PostgresCursor<R>,
    parameters: readonly unknown[] = [],
  ): Promise<PostgresQueryResult<R>> | PostgresCursor<R> {
    if (typeof sql !== 'string') throw new TypeError('cursors are not supported')
    return this.#run(sql, parameters)
  }

  /** Begins anew for the next caller. */
  renew(): void {
    this.#failed = false
  }

  /** Gives the connection back to its pool. */
  release(): void {
    this.#unused = performance.now()
    this.#options.onRelease(this)
  }

  /** Says goodbye to the server, or hangs up when it does not answer. */
  async end(): Promise<void> {
    if (this.#lost) {
      this.#socket.destroy()
      return
    }
    this.#lost = true
    const hangUp = setTimeout(() => this.#socket.destroy(), goodbyeMilliseconds)
    try {
      await this.#client.end()
    } finally {
      clearTimeout(hangUp)
    }
  }

  async #run<R>(sql: string, parameters: readonly unknown[]): Promise<PostgresQueryResult<R>> {
    try {
      const name = parameters.length === 0 ? undefined : statementName(sql)
      const { command, rowCount, rows } = await this.#client.query({ text: sql, values: [...parameters], name })
      return { command: command as PostgresQueryResult<R>['command'], rowCount: rowCount ?? 0, rows }
    } catch (error) {
      this.#failed = true
      if (losesConnection(error)) this.#lose(error)
      throw databaseFailure(error, this.#options.outage)
    }
  }

  #lose(reason: unknown): void {
    if (this.#lost) return
    this.#lost = true
    // Ends what still waits on it, such as a rollback behind a query that timed out.
    this.#socket.destroy()
    this.#options.onLoss(this, databaseFailure(reason, this.#options.outage))
  }
}

function clientConfig({ settings, database, times }: ConnectionOptions, socket: Socket) {
  return {
    host: settings.host,
    port: settings.port,
    user: settings.user,
    // As a function even an empty password is not replaced from the environment.
    password: () => settings.password,
    database,
    // Whatever is left out or empty, the driver reads from PG* variables of the environment.
    ssl: settings.ssl ?? false,
    sslnegotiation: 'postgres' as const,
    // Where the network swallows what we say, our transaction and its locks would outlive us for hours. And what is said to be on
    // record has to be on disk, whatever a database was set to.
    options: `-c search_path=public,pg_temp -c synchronous_commit=on ${plainSettings} -c idle_in_transaction_session_timeout=${2 * times.query}`,
    application_name: 'authsec',
    client_encoding: 'UTF8',
    statement_timeout: times.statement,
    query_timeout: times.query,
    connectionTimeoutMillis: times.connect,
    keepAlive: true,
    stream: () => socket,
  }
}
