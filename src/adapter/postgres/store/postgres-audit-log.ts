import type { AuditEvent } from '../../../core/audit/audit-event.js'
import type { AuditLog } from '../../../core/audit/audit-log.js'
import { UpstreamError } from '../../../core/error/upstream-error.js'
import type { Tenant } from '../../../core/identity/tenant.js'
import type { Log } from '../../../core/runtime/log.js'
import type { Databases } from '../databases.js'
import { AuditCounter } from './audit-counter.js'
import { insertAuditRows, type AuditRow } from './audit-row.js'
import { AuditWriter } from './audit-writer.js'

const flushMilliseconds = 1000

/** The audit trail: a tenant's events in its own database, those of nobody known in master. */
export class PostgresAuditLog implements AuditLog {
  readonly #databases: Databases
  readonly #log: Log
  /** By tenant id; `undefined` for master. */
  readonly #writers = new Map<string | undefined, AuditWriter>()
  readonly #counter = new AuditCounter()
  #timer: NodeJS.Timeout | undefined
  #flushing: Promise<void> = Promise.resolve()
  #closed = false

  constructor(databases: Databases, log: Log) {
    this.#databases = databases
    this.#log = log
  }

  async record(event: AuditEvent): Promise<void> {
    if (this.#closed) throw new UpstreamError('SHUTTING_DOWN', 'the audit log is closed')
    await this.#write({ event, count: 1 })
  }

  count(event: AuditEvent): void {
    if (this.#closed) return
    this.#counter.add(event)
    this.#flushSoon()
  }

  /** What cannot be written now stays counted and is tried again. Throws `UpstreamError` then. */
  flush(): Promise<void> {
    clearTimeout(this.#timer)
    this.#timer = undefined
    const flushed = this.#flushing.then(() => this.#writeCounted())
    this.#flushing = flushed.catch(() => {})
    return flushed
  }

  /** Refuses further records, and writes what is counted or on its way. Throws `UpstreamError` for what cannot be written. */
  async close(): Promise<void> {
    this.#closed = true
    try {
      await this.flush()
    } finally {
      clearTimeout(this.#timer)
      await Promise.all([...this.#writers.values()].map((writer) => writer.settle()))
    }
  }

  async #writeCounted(): Promise<void> {
    const results = await Promise.all(this.#counter.take().map((row) => this.#writeOrKeep(row)))
    const failure = results.find((result) => result !== undefined)
    if (failure !== undefined) throw failure
  }

  async #writeOrKeep(row: AuditRow): Promise<UpstreamError | undefined> {
    try {
      await this.#write(row)
      return undefined
    } catch (error) {
      this.#counter.add(row.event, row.count)
      return toUpstreamError(error, row.event.tenant)
    }
  }

  async #flushInBackground(): Promise<void> {
    try {
      await this.flush()
    } catch (error) {
      this.#log.write('warn', 'counted audit events could not be written and are kept', { error })
      if (!this.#closed) this.#flushSoon()
    }
  }

  #flushSoon(): void {
    this.#timer ??= setTimeout(() => void this.#flushInBackground(), flushMilliseconds).unref()
  }

  async #write(row: AuditRow): Promise<void> {
    const { tenant } = row.event
    const writer = this.#writers.get(tenant?.id) ?? new AuditWriter((rows) => this.#insert(tenant, rows))
    this.#writers.set(tenant?.id, writer)
    try {
      await writer.write(row)
    } catch (error) {
      throw toUpstreamError(error, tenant)
    } finally {
      if (writer.idle && this.#writers.get(tenant?.id) === writer) this.#writers.delete(tenant?.id)
    }
  }

  async #insert(tenant: Tenant | undefined, rows: readonly AuditRow[]): Promise<void> {
    if (tenant === undefined) await insertAuditRows(this.#databases.master(), rows)
    else await insertAuditRows(await this.#databases.tenant(tenant), rows)
  }
}

/** No failure to record may look like the caller's fault. */
function toUpstreamError(error: unknown, tenant: Tenant | undefined): UpstreamError {
  if (error instanceof UpstreamError) return error
  const outage = tenant === undefined ? 'AUTH_UNAVAILABLE' : 'TENANT_UNAVAILABLE'
  return new UpstreamError(outage, 'the audit event could not be written', { cause: error })
}
