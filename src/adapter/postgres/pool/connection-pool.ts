import { UpstreamError, type Outage } from '../../../core/error/upstream-error.js'
import type { PoolState } from '../../../core/runtime/vitals.js'
import type { ConnectionSettings } from '../connection-settings.js'
import { Connection, type ConnectionTimes } from './connection.js'
import { databaseFailure, sqlState } from './database-failure.js'

export interface PoolLimits {
  /** Connections over all databases of the pool. */
  readonly connections: number
  /** Connections to one database, so that a busy one does not starve the others. */
  readonly perDatabase: number
  /** Callers that may wait for a connection to one database; the next is refused at once. */
  readonly waiting: number
}

export interface PoolTimes extends ConnectionTimes {
  /** How long a caller waits for a connection to become free. */
  readonly wait: number
  /** How long an unused connection is kept. */
  readonly idle: number
}

export interface ConnectionPoolOptions {
  readonly settings: ConnectionSettings
  readonly outage: Outage
  readonly limits: PoolLimits
  readonly times: PoolTimes
}

interface Lane {
  readonly database: string
  readonly idle: Connection[]
  /** Connections that are open or being opened, idle ones included. */
  open: number
  waiting: number
}

interface Waiter {
  readonly lane: Lane
  readonly timer: NodeJS.Timeout
  readonly resolve: (connection: Connection | Promise<Connection>) => void
  readonly reject: (error: UpstreamError) => void
}

const tooManyConnections = '53300'

/**
 * Connections to many databases of one cluster under one budget. A connection never passes from one database to another; when the
 * budget is spent, the least recently used database gives up an idle connection.
 */
export class ConnectionPool {
  readonly #options: ConnectionPoolOptions
  /** Least recently used first. */
  readonly #lanes = new Map<string, Lane>()
  /** First come, first served. */
  readonly #waiters = new Set<Waiter>()
  readonly #ending = new Set<Promise<void>>()
  readonly #sweeper: NodeJS.Timeout
  #open = 0
  #waits = 0
  #refusals = 0
  #closing: Promise<void> | undefined
  #emptied: () => void = () => {}

  constructor(options: ConnectionPoolOptions) {
    this.#options = options
    this.#sweeper = setInterval(() => this.#sweep(), Math.max(options.times.idle / 2, 10)).unref()
  }

  /** What callers are told is out of order when PostgreSQL is. */
  get outage(): Outage {
    return this.#options.outage
  }

  /** Connections that are open now. */
  get open(): number {
    return this.#open
  }

  get state(): PoolState {
    let idle = 0
    for (const lane of this.#lanes.values()) idle += lane.idle.length
    return { open: this.#open, idle, waiting: this.#waiters.size, waits: this.#waits, refusals: this.#refusals }
  }

  /**
   * A connection to `database`, to be released after use. Throws `UpstreamError`: `OVERLOADED` when too many wait or the wait takes
   * too long, the pool's outage when PostgreSQL does not take the connection.
   */
  async acquire(database: string): Promise<Connection> {
    if (this.#closing !== undefined) throw shuttingDown()
    const lane = this.#useLane(database)
    const idle = lane.idle.pop()
    if (idle !== undefined) return idle
    if (lane.waiting === 0 && this.#mayOpen(lane)) return this.#connect(lane)
    if (lane.waiting >= this.#options.limits.waiting) throw this.#overloaded()
    return this.#wait(lane)
  }

  /** Refuses new callers, lets running statements end within their bound, and closes every connection. */
  close(): Promise<void> {
    this.#closing ??= this.#drain()
    return this.#closing
  }

  #useLane(database: string): Lane {
    const lane = this.#lanes.get(database) ?? { database, idle: [], open: 0, waiting: 0 }
    this.#lanes.delete(database)
    this.#lanes.set(database, lane)
    return lane
  }

  #mayOpen(lane: Lane): boolean {
    const { limits } = this.#options
    return lane.open < limits.perDatabase && (this.#open < limits.connections || this.#evict())
  }

  /** Closes the longest idle connection of the least recently used database that has one. */
  #evict(): boolean {
    for (const lane of this.#lanes.values()) {
      const idle = lane.idle.shift()
      if (idle === undefined) continue
      this.#discard(lane, idle)
      return true
    }
    return false
  }

  async #connect(lane: Lane): Promise<Connection> {
    const { settings, outage, times } = this.#options
    lane.open += 1
    this.#open += 1
    try {
      return await Connection.open({
        settings,
        database: lane.database,
        outage,
        times,
        onRelease: (connection) => this.#release(lane, connection),
        onLoss: (connection) => this.#forgetIdle(lane, connection),
      })
    } catch (error) {
      this.#closed(lane)
      if (sqlState(error) === tooManyConnections) this.#evict()
      this.#serveNext()
      throw databaseFailure(error, outage)
    }
  }

  #wait(lane: Lane): Promise<Connection> {
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        this.#leaveQueue(waiter)
        reject(this.#overloaded())
      }, this.#options.times.wait)
      const waiter: Waiter = { lane, timer, resolve, reject }
      lane.waiting += 1
      this.#waits += 1
      this.#waiters.add(waiter)
    })
  }

  #overloaded(): UpstreamError {
    this.#refusals += 1
    return new UpstreamError('OVERLOADED', 'too many requests wait for the database')
  }

  #leaveQueue(waiter: Waiter): void {
    clearTimeout(waiter.timer)
    waiter.lane.waiting -= 1
    this.#waiters.delete(waiter)
  }

  /** Serves one waiter at most: one connection became free, so there is not more to give. */
  #serveNext(): void {
    for (const waiter of this.#waiters) {
      const { lane } = waiter
      const idle = lane.idle.pop()
      if (idle === undefined && !this.#mayOpen(lane)) continue
      this.#leaveQueue(waiter)
      waiter.resolve(idle ?? this.#connect(lane))
      return
    }
  }

  #release(lane: Lane, connection: Connection): void {
    if (connection.reusable && this.#closing === undefined) lane.idle.push(connection)
    else this.#discard(lane, connection)
    this.#serveNext()
  }

  /** A connection that breaks while idle leaves at once; one in use leaves when it is released. */
  #forgetIdle(lane: Lane, connection: Connection): void {
    const index = lane.idle.indexOf(connection)
    if (index < 0) return
    lane.idle.splice(index, 1)
    this.#discard(lane, connection)
    this.#serveNext()
  }

  #discard(lane: Lane, connection: Connection): void {
    this.#closed(lane)
    const ended: Promise<void> = connection
      .end()
      .catch(() => {})
      .finally(() => this.#ending.delete(ended))
    this.#ending.add(ended)
  }

  #closed(lane: Lane): void {
    lane.open -= 1
    this.#open -= 1
    if (this.#open === 0) this.#emptied()
  }

  #sweep(): void {
    for (const lane of this.#lanes.values()) {
      while ((lane.idle[0]?.idleMilliseconds ?? 0) > this.#options.times.idle) {
        const idle = lane.idle.shift()
        if (idle !== undefined) this.#discard(lane, idle)
      }
      if (lane.open === 0 && lane.waiting === 0) this.#lanes.delete(lane.database)
    }
  }

  async #drain(): Promise<void> {
    clearInterval(this.#sweeper)
    for (const waiter of this.#waiters) {
      this.#leaveQueue(waiter)
      waiter.reject(shuttingDown())
    }
    for (const lane of this.#lanes.values()) {
      for (const connection of lane.idle.splice(0)) this.#discard(lane, connection)
    }
    if (this.#open > 0) await this.#untilEmpty()
    await Promise.all(this.#ending)
  }

  /** Statements are bounded, so what is in use comes back; the bound here is for a caller that forgot a connection. */
  #untilEmpty(): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, this.#options.times.query * 2)
      this.#emptied = () => {
        clearTimeout(timer)
        resolve()
      }
    })
  }
}

function shuttingDown(): UpstreamError {
  return new UpstreamError('SHUTTING_DOWN', 'the server is stopping')
}
