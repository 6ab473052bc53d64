import type { Kysely } from 'kysely'
import type { AuditEvent } from '../../../../core/audit/audit-event.js'
import type { AuditLog } from '../../../../core/audit/audit-log.js'
import { UpstreamError } from '../../../../core/error/upstream-error.js'
import type { Tenant } from '../../../../core/identity/tenant.js'
import type { Log } from '../../../../core/runtime/log.js'
import type { Databases } from '../../databases.js'
import type { AuditTables } from '../../schema/audit/audit-schema.js'
import { AuditBacklog } from './audit-backlog.js'
import { AuditCounter } from './audit-counter.js'
import type { AuditRow } from '../audit-row.js'
import { PlaceTrail } from './place-trail.js'
import { TrailKeeper } from './trail-keeper.js'

const flushMilliseconds = 1000

/** The audit trail: a tenant's events in its own database, those of nobody known in master. */
export class PostgresAuditLog implements AuditLog {
  readonly #databases: Databases
  readonly #log: Log
  readonly #onEvent: (event: AuditEvent) => void
  /** By tenant id; `undefined` for master. */
  readonly #places = new Map<string | undefined, PlaceTrail>()
  readonly #counter = new AuditCounter()
  /** Counted, and sent to a database that did not say what became of it: counted on it would be another row. */
  #doubtful: readonly AuditRow[] = []
  readonly #backlog = new AuditBacklog((events) => this.#lose(events))
  readonly #keeper: TrailKeeper
  #timer: NodeJS.Timeout | undefined
  #flushing: Promise<void> = Promise.resolve()
  #closed = false

  /** `onEvent` hears of each event that is on record or will be. */
  constructor(databases: Databases, log: Log, onEvent: (event: AuditEvent) => void = () => {}) {
    this.#databases = databases
    this.#log = log
    this.#onEvent = onEvent
    this.#keeper = new TrailKeeper(this.#places, log)
  }

  /** How many events wait for a database that did not take them. */
  get backlog(): number {
    return this.#backlog.size
  }

  async record(event: AuditEvent): Promise<void> {
    if (this.#closed) throw new UpstreamError('SHUTTING_DOWN', 'the audit log is closed')
    await this.#write({ event, count: 1 })
    this.#tell(event)
  }

  retain(event: AuditEvent): void {
    if (this.#closed) {
      this.#lose([event])
      return
    }
    this.#tell(event)
    this.#placeOf(event.tenant).retained(event)
    this.#backlog.add(event)
    this.#flushSoon()
  }

  count(event: AuditEvent): void {
    if (this.#closed) return
    this.#tell(event)
    this.#counter.add(event)
    this.#flushSoon()
  }

  /** What cannot be written now is kept and tried again. Throws `UpstreamError` then. */
  flush(): Promise<void> {
    clearTimeout(this.#timer)
    this.#timer = undefined
    const flushed = this.#flushing.then(() => this.#writeKept())
    this.#flushing = flushed.catch(() => {})
    return flushed
  }

  /**
   * Refuses further records, and writes what is counted, retained or on its way; what the trail does not take stays beside it. Throws
   * `UpstreamError` for what is lost.
   */
  async close(): Promise<void> {
    this.#closed = true
    try {
      await this.flush().catch((failure: unknown) => this.#putAside(failure))
    } finally {
      clearTimeout(this.#timer)
      await this.#keeper.stop()
      // A chain that cannot be left now is so by itself in a while.
      await Promise.all([...this.#places.values()].map((place) => place.close().catch(() => undefined)))
    }
  }

  /**
   * Writes the outcomes of calls whose process is gone, which nobody knows, and rows that waited beside the trail. Answers with how
   * many rows that made. Throws `UpstreamError`.
   */
  settle(tenant: Tenant | undefined): Promise<number> {
    return this.#placeOf(tenant).settle()
  }

  async #writeKept(): Promise<void> {
    const retained = this.#backlog.write((events) => this.#writeRetained(events))
    const results = await Promise.all(this.#takeCounted().map((row) => this.#writeOrKeep(row)))
    const failure = (await retained) ?? results.find((result) => result !== undefined)
    if (failure !== undefined) throw failure
  }

  /** Not with the others: what waits there must not be kept waiting by a long backlog, nor refused for it. */
  async #writeRetained(events: readonly AuditEvent[]): Promise<UpstreamError | undefined> {
    const tenant = events[0]?.tenant
    try {
      await this.#placeOf(tenant).append(events.map((event) => ({ event, count: 1 })))
      return undefined
    } catch (error) {
      return toUpstreamError(error, tenant)
    }
  }

  /** Throws `failure` where anything is lost. */
  async #putAside(failure: unknown): Promise<void> {
    const left = [...this.#backlog.take().map((event) => ({ event, count: 1 })), ...this.#takeCounted()]
    const byPlace = new Map<PlaceTrail, AuditRow[]>()
    for (const row of left) {
      const place = this.#placeOf(row.event.tenant)
      byPlace.set(place, [...(byPlace.get(place) ?? []), row])
    }
    const lost = await Promise.all(
      [...byPlace].map(([place, rows]) =>
        place.putAside(rows).then(
          () => [],
          () => rows.map(({ event }) => event),
        ),
      ),
    )
    this.#lose(lost.flat())
    if (lost.flat().length > 0) throw failure
  }

  async #writeOrKeep(row: AuditRow): Promise<UpstreamError | undefined> {
    try {
      await this.#write(row)
      return undefined
    } catch (error) {
      const fate = this.#placeOf(row.event.tenant).fateOf(row.event)
      if (fate === 'in doubt') this.#doubtful = [...this.#doubtful, row]
      else if (fate === 'unwritten') this.#counter.add(row.event, row.count)
      return toUpstreamError(error, row.event.tenant)
    }
  }

  #takeCounted(): readonly AuditRow[] {
    const rows = [...this.#doubtful, ...this.#counter.take()]
    this.#doubtful = []
    return rows
  }

  /** What is on record stays so, whatever whoever hears of it makes of that. */
  #tell(event: AuditEvent): void {
    try {
      this.#onEvent(event)
    } catch (error) {
      this.#log.write('error', 'who hears of audit events has failed', { requestId: event.requestId, error })
    }
  }

  async #flushInBackground(): Promise<void> {
    try {
      await this.flush()
    } catch (error) {
      this.#log.write('warn', 'audit events could not be written and are kept', { error })
      if (!this.#closed) this.#flushSoon()
    }
  }

  #lose(events: readonly AuditEvent[]): void {
    if (events.length === 0) return
    const requestIds = events.slice(0, 10).map(({ requestId }) => requestId)
    const tenants = [...new Set(events.map(({ tenant }) => tenant?.slug ?? 'master'))]
    const types = [...new Set(events.map(({ type }) => type))]
    this.#log.write('error', 'audit events are lost', { count: events.length, tenants, types, requestIds })
  }

  #flushSoon(): void {
    this.#timer ??= setTimeout(() => void this.#flushInBackground(), flushMilliseconds).unref()
  }

  async #write(row: AuditRow): Promise<void> {
    const { tenant } = row.event
    try {
      await this.#placeOf(tenant).write(row)
    } catch (error) {
      throw toUpstreamError(error, tenant)
    }
  }

  #placeOf(tenant: Tenant | undefined): PlaceTrail {
    const known = this.#places.get(tenant?.id)
    if (known !== undefined) return known
    const { trail } = this.#databases
    const database = (): Promise<Kysely<AuditTables>> => this.#open(tenant)
    const place = new PlaceTrail({ tenant, trail, database })
    this.#places.set(tenant?.id, place)
    return place
  }

  async #open(tenant: Tenant | undefined): Promise<Kysely<AuditTables>> {
    const db: unknown = tenant === undefined ? this.#databases.master() : await this.#databases.tenant(tenant)
    return db as Kysely<AuditTables>
  }
}

/** No failure to record may look like the caller's fault. */
function toUpstreamError(error: unknown, tenant: Tenant | undefined): UpstreamError {
  if (error instanceof UpstreamError) return error
  const outage = tenant === undefined ? 'AUTH_UNAVAILABLE' : 'TENANT_UNAVAILABLE'
  return new UpstreamError(outage, 'the audit event could not be written', { cause: error })
}
