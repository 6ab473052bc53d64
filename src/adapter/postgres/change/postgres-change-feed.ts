import { randomBytes } from 'node:crypto'
import { sql, type Kysely } from 'kysely'
import type { Tenant } from '../../../core/identity/tenant.js'
import type { ChangeFeed } from '../../../core/runtime/change-feed.js'
import type { Log } from '../../../core/runtime/log.js'
import type { ConnectionSettings } from '../connection-settings.js'
import { Connection } from '../pool/connection.js'
import type { MasterSchema } from '../schema/master-schema.js'
import { isUuid } from '../storable-text.js'

export interface ChangeFeedOptions {
  readonly connection: ConnectionSettings
  /** Where everybody listens: notifications do not cross databases. */
  readonly masterDatabase: string
  readonly master: Kysely<MasterSchema>
  readonly log: Log
}

const channel = 'authsec_policy'
const beatMilliseconds = 1_000
/** A beat that is not back by the next one makes two. */
const silenceMilliseconds = 2_200
const times = { connect: 2_000, statement: 1_000, query: 1_000 }
const shortestPause = 100
const longestPause = 2_000

/** Hints by NOTIFY on master, over one connection that proves each second that it still hears. */
export class PostgresChangeFeed implements ChangeFeed {
  readonly #options: ChangeFeedOptions
  /** Its own, so that nobody hears the beats of others. */
  readonly #beat = `authsec_beat_${randomBytes(8).toString('hex')}`
  readonly #subscribers = new Set<(tenantId: string | undefined) => void>()
  /** Who else is told of by the same connection. */
  readonly #carried = new Map<string, (payload: string | undefined) => void>()
  #connection: Connection | undefined
  /** When the last beat that came back was sent, by `performance.now()`. */
  #heardAt = -Infinity
  #sentAt = -Infinity
  #timer: NodeJS.Timeout | undefined
  #failures = 0
  #stopped = false
  #opening: Promise<void> = Promise.resolve()

  constructor(options: ChangeFeedOptions) {
    this.#options = options
  }

  get alive(): boolean {
    return this.#connection !== undefined && performance.now() - this.#heardAt < silenceMilliseconds
  }

  /** Begins to listen, and goes on until `close`. Following twice is following once. */
  follow(): void {
    if (this.#timer === undefined && !this.#stopped) this.#schedule(0)
  }

  subscribe(hear: (tenantId: string | undefined) => void): () => void {
    this.#subscribers.add(hear)
    return () => this.#subscribers.delete(hear)
  }

  /**
   * Listens on another channel, too; before `follow`. `hear` is called with `undefined` where something may have been missed. The
   * name is a constant, as it stands in SQL.
   */
  carry(name: string, hear: (payload: string | undefined) => void): void {
    this.#carried.set(name, hear)
  }

  async publish(tenant: Tenant): Promise<void> {
    this.#tell(tenant.id)
    try {
      await sql`select pg_notify(${channel}, ${tenant.id})`.execute(this.#options.master)
    } catch (error) {
      const message = 'other processes were not told of a change and see it a second later'
      this.#options.log.write('warn', message, { tenant: tenant.slug, error })
    }
  }

  async close(): Promise<void> {
    this.#stopped = true
    clearTimeout(this.#timer)
    await this.#opening
    const connection = this.#connection
    this.#connection = undefined
    await connection?.end().catch(() => undefined)
  }

  #schedule(milliseconds: number): void {
    clearTimeout(this.#timer)
    if (this.#stopped) return
    this.#timer = setTimeout(() => {
      this.#opening = this.#connection === undefined ? this.#open() : this.#sendBeat(this.#connection)
    }, milliseconds).unref()
  }

  async #open(): Promise<void> {
    try {
      const { connection: settings, masterDatabase: database } = this.#options
      const connection = await Connection.open({
        ...{ settings, database, outage: 'AUTH_UNAVAILABLE', times },
        onRelease: () => undefined,
        onLoss: (lost, reason) => this.#lose(lost, reason),
        onNotification: (from, payload) => this.#hear(from, payload),
      })
      this.#connection = connection
      for (const name of [channel, ...this.#carried.keys(), this.#beat]) await connection.query(`listen ${name}`, [])
      // Whatever was said meanwhile was missed.
      this.#tell(undefined)
      for (const hear of this.#carried.values()) hear(undefined)
      await this.#sendBeat(connection)
      if (this.#connection === connection) this.#failures = 0
    } catch (error) {
      this.#drop(error)
    }
  }

  async #sendBeat(connection: Connection): Promise<void> {
    if (this.#sentAt > this.#heardAt && performance.now() - this.#sentAt > silenceMilliseconds) {
      return this.#drop(new TypeError('notifications do not arrive; does a pooler stand in between?'))
    }
    try {
      if (this.#sentAt <= this.#heardAt) this.#sentAt = performance.now()
      await connection.query('select pg_notify($1, $2)', [this.#beat, ''])
      this.#schedule(beatMilliseconds)
    } catch (error) {
      this.#drop(error)
    }
  }

  #hear(from: string, payload: string): void {
    if (from === this.#beat) this.#heardAt = this.#sentAt
    else if (from === channel && isUuid(payload)) this.#tell(payload)
    else this.#carried.get(from)?.(payload)
  }

  #tell(tenantId: string | undefined): void {
    for (const hear of this.#subscribers) hear(tenantId)
  }

  #lose(lost: Connection, reason: unknown): void {
    if (this.#connection === lost) this.#drop(reason)
  }

  /** Listens again soon. Until then nobody may rely on hints, and after that nobody may rely on none having been missed. */
  #drop(error: unknown): void {
    const connection = this.#connection
    this.#connection = undefined
    this.#heardAt = -Infinity
    this.#sentAt = -Infinity
    void connection?.end().catch(() => undefined)
    if (this.#stopped) return
    if (this.#failures === 0) {
      const message = 'hints of changes do not arrive: what tenants grant is compared on each request instead'
      this.#options.log.write('warn', message, { error })
    }
    const pause = Math.min(longestPause, shortestPause * 2 ** this.#failures)
    this.#failures += 1
    this.#schedule(pause * (0.75 + Math.random() / 2))
  }
}
