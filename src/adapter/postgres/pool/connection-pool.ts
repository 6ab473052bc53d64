import { UpstreamError, type Outage } from '../../../core/error/upstream-error.js'
import type { PoolState } from '../../../core/runtime/vitals.js'
import type { ConnectionSettings } from '../connection-settings.js'
import { Connection, type ConnectionTimes } from './connection.js'
import { databaseFailure, sqlState } from './database-failure.js'
import { Crowding } from './crowding.js'
import { Lane, nextLane, type DatabaseLogin, type Opening, type Waiter } from './lane.js'

export interface PoolLimits {
  /** Connections over all databases of the pool. */
  readonly connections: number
  /** Connections to one database, so that a busy one does not starve the others. */
  readonly perDatabase: number
  /** Callers that may wait for a connection to one database; the next is refused at once. */
  readonly waiting: number
}

export interface PoolTimes extends ConnectionTimes {
  /** How long a caller waits for a connection to become free; twice as long where others get theirs meanwhile. */
  readonly wait: number
  /** How long an unused connection is kept. */
  readonly idle: number
}

export interface ConnectionPoolOptions {
  readonly settings: ConnectionSettings
  readonly outage: Outage
  readonly limits: PoolLimits
  readonly times: PoolTimes
  /** Asks another pool on the same cluster to give up an idle connection, where PostgreSQL takes no more and this one has none. */
  readonly onCrowded?: (() => void) | undefined
}

const tooManyConnections = '53300'
const troubledPause = 50
/** A call comes back for its next statement within this time: until then its connection is not given to another database. */
const lingerMilliseconds = 20

/**
 * Connections to many databases of one cluster under one budget. A connection never passes from one database to another; when the
 * budget is spent, the least recently used database gives up an idle connection. Whoever waits is served in turns: a busy database has
 * its own queue and gets no connection more before one with fewer in use.
 */
export class ConnectionPool {
  readonly #options: ConnectionPoolOptions
  /** Least recently used first. */
  readonly #lanes = new Map<string, Lane>()
  readonly #ending = new Set<Promise<void>>()
  readonly #crowding = new Crowding(() => this.#serve())
  readonly #sweeper: NodeJS.Timeout
  #open = 0
  /** Connections that are being opened. */
  #opening = 0
  #waits = 0
  #refusals = 0
  #later: NodeJS.Timeout | undefined
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
    let waiting = 0
    for (const lane of this.#lanes.values()) {
      idle += lane.idle.length
      waiting += lane.waiters.length
    }
    return { open: this.#open, idle, waiting, waits: this.#waits, refusals: this.#refusals }
  }

  /**
   * A connection to `database`, to be released after use. Throws `UpstreamError`: `OVERLOADED` when too many wait or the wait takes
   * too long, the pool's outage when PostgreSQL does not take the connection.
   */
  async acquire(database: string, login?: DatabaseLogin): Promise<Connection> {
    if (this.#closing !== undefined) throw shuttingDown()
    const lane = this.#useLane(database, login)
    const idle = lane.idle.pop()
    if (idle !== undefined) return idle
    if (lane.waiters.length >= this.#options.limits.waiting) throw this.#overloaded()
    return new Promise((resolve, reject) => {
      const since = performance.now()
      lane.waiters.push(this.#patient(lane, { since, resolve, reject }))
      this.#serve()
      if (lane.waiters.length > 0) this.#waits += 1
    })
  }

  /** Closes the longest idle connection of the least recently used database that has one; answers whether there was one. */
  giveUpIdle(): boolean {
    return this.#giveUp(this.#laneToGive(0))
  }

  #giveUp(lane: Lane | undefined): boolean {
    const idle = lane?.idle.shift()
    if (lane === undefined || idle === undefined) return false
    this.#discard(lane, idle)
    return true
  }

  /** Refuses new callers, lets running statements end within their bound, and closes every connection. */
  close(): Promise<void> {
    this.#closing ??= this.#drain()
    return this.#closing
  }

  #useLane(database: string, login: DatabaseLogin | undefined): Lane {
    const lane = this.#lanes.get(database) ?? new Lane(database)
    lane.login = login
    this.#lanes.delete(database)
    this.#lanes.set(database, lane)
    return lane
  }

  /** Serves everybody who can be served. */
  #serve(): void {
    for (;;) {
      const room = this.#hasRoom()
      const lane = nextLane(this.#lanes.values(), (one) => one.idle.length > 0 || (room && this.#mayOpen(one)))
      const waiter = lane?.waiters.shift()
      if (lane === undefined || waiter === undefined) return
      clearTimeout(waiter.timer)
      const idle = lane.idle.pop()
      if (idle === undefined) void this.#connect(lane, waiter)
      else waiter.resolve(idle)
    }
  }

  /** Whether the budget has a connection left, or one that is idle. */
  #hasRoom(): boolean {
    if (!this.#crowding.mayTry(this.#opening)) return false
    if (this.#open < this.#options.limits.connections || this.#laneToGive(lingerMilliseconds) !== undefined) return true
    if (this.#laneToGive(0) !== undefined) this.#serveLater()
    return false
  }

  /** The least recently used database whose longest idle connection has been so for a while, or is wanted by others of its own already. */
  #laneToGive(idleMilliseconds: number): Lane | undefined {
    for (const lane of this.#lanes.values()) {
      const [idle] = lane.idle
      if (idle === undefined) continue
      if (idle.idleMilliseconds >= idleMilliseconds || lane.waiters.length > 0) return lane
    }
    return undefined
  }

  #serveLater(): void {
    this.#later ??= setTimeout(() => {
      this.#later = undefined
      this.#serve()
    }, lingerMilliseconds).unref()
  }

  #mayOpen(lane: Lane): boolean {
    return lane.pause === undefined && lane.open < (lane.troubled ? 1 : this.#options.limits.perDatabase)
  }

  async #connect(lane: Lane, waiter: Waiter): Promise<void> {
    if (this.#open >= this.#options.limits.connections) this.#giveUp(this.#laneToGive(lingerMilliseconds))
    lane.open += 1
    this.#open += 1
    this.#opening += 1
    const opening: Opening = { waiter }
    lane.opening.add(opening)
    try {
      this.#hand(lane, opening, await this.#openConnection(lane))
      lane.troubled = false
      this.#crowding.over()
    } catch (error) {
      this.#closed(lane)
      if (sqlState(error) === tooManyConnections) this.#waitForRoom(lane, opening.waiter)
      else this.#refuse(lane, opening.waiter, databaseFailure(error, this.#options.outage))
    }
    lane.opening.delete(opening)
    this.#opening -= 1
    this.#serve()
  }

  #hand(lane: Lane, { waiter }: Opening, connection: Connection): void {
    if (waiter !== undefined) waiter.resolve(connection)
    else if (this.#closing === undefined) lane.idle.push(connection)
    else this.#discard(lane, connection)
  }

  #openConnection(lane: Lane): Promise<Connection> {
    const { settings, outage, times } = this.#options
    const { role: user = settings.user, password = settings.password } = lane.login ?? {}
    return Connection.open({
      settings: { ...settings, user, password },
      database: lane.database,
      outage,
      times,
      onRelease: (connection) => this.#release(lane, connection),
      onLoss: (connection) => this.#forgetIdle(lane, connection),
    })
  }

  /** Whoever waits for a database without any connection would only find the same, and later. */
  #refuse(lane: Lane, waiter: Waiter | undefined, failure: unknown): void {
    waiter?.reject(failure)
    if (lane.open > 0) return
    lane.troubled = true
    lane.refuseAll(failure)
    lane.pause ??= setTimeout(() => {
      lane.pause = undefined
      this.#serve()
    }, troubledPause).unref()
  }

  /** PostgreSQL is full: an idle connection makes room, and the caller goes on waiting for that, or for one of its own database. */
  #waitForRoom(lane: Lane, waiter: Waiter | undefined): void {
    if (!this.giveUpIdle()) this.#options.onCrowded?.()
    if (this.#closing !== undefined) waiter?.reject(shuttingDown())
    else if (waiter !== undefined) lane.waiters.unshift(this.#patient(lane, waiter))
    this.#crowding.refused()
  }

  /** A waiter who is refused when the time is up, counted from when they came: twice as long where others get their turn meanwhile. */
  #patient(lane: Lane, { since, resolve, reject }: Omit<Waiter, 'timer'>): Waiter {
    const { wait } = this.#options.times
    const end = (): void => {
      const now = performance.now()
      const moves = now - lane.movedAt < wait / 2 && now - since < 2 * wait
      if (moves) {
        waiter.timer = setTimeout(end, wait / 4)
        return
      }
      lane.leave(waiter)
      reject(this.#overloaded())
    }
    const waiter: Waiter = { since, timer: setTimeout(end, since + wait - performance.now()), resolve, reject }
    return waiter
  }

  #overloaded(): UpstreamError {
    this.#refusals += 1
    return new UpstreamError('OVERLOADED', 'too many requests wait for the database')
  }

  #release(lane: Lane, connection: Connection): void {
    if (!connection.failed) lane.movedAt = performance.now()
    connection.renew()
    if (connection.reusable && this.#closing === undefined) lane.idle.push(connection)
    else this.#discard(lane, connection)
    this.#serve()
    lane.serveEarly()
  }

  /** A connection that breaks while idle leaves at once; one in use leaves when it is released. */
  #forgetIdle(lane: Lane, connection: Connection): void {
    const index = lane.idle.indexOf(connection)
    if (index < 0) return
    lane.idle.splice(index, 1)
    this.#discard(lane, connection)
    this.#serve()
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
      if (lane.unused) this.#lanes.delete(lane.database)
    }
  }

  async #drain(): Promise<void> {
    clearInterval(this.#sweeper)
    clearTimeout(this.#later)
    this.#crowding.stop()
    for (const lane of this.#lanes.values()) {
      clearTimeout(lane.pause)
      lane.refuseAll(shuttingDown())
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
