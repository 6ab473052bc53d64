import { UpstreamError } from '../../src/core/error/upstream-error.js'
import type { AuditEvent, AuditEventType } from '../../src/core/audit/audit-event.js'
import type { AuditLog } from '../../src/core/audit/audit-log.js'

/** An audit trail in memory. It can refuse rows of some types, as a database does that is out of reach. */
export class MemoryAuditLog implements AuditLog {
  readonly rows: AuditEvent[] = []
  readonly retained: AuditEvent[] = []
  readonly counted: AuditEvent[] = []
  /** All that happened, in this order. */
  readonly events: AuditEvent[] = []
  readonly #refused = new Set<AuditEventType>()
  readonly #held = new Set<AuditEventType>()

  /** Rows of these types cannot be written from now on. */
  refuse(...types: readonly AuditEventType[]): void {
    for (const type of types) this.#refused.add(type)
  }

  /** Rows of these types are on their way for good from now on. */
  hold(...types: readonly AuditEventType[]): void {
    for (const type of types) this.#held.add(type)
  }

  async record(event: AuditEvent): Promise<void> {
    await new Promise(setImmediate)
    if (this.#held.has(event.type)) await new Promise(() => undefined)
    if (this.#refused.has(event.type)) throw new UpstreamError('TENANT_UNAVAILABLE', 'the audit row cannot be written')
    this.rows.push(event)
    this.events.push(event)
  }

  retain(event: AuditEvent): void {
    this.retained.push(event)
    this.events.push(event)
  }

  count(event: AuditEvent): void {
    this.counted.push(event)
    this.events.push(event)
  }

  async flush(): Promise<void> {
    await new Promise(setImmediate)
  }

  types(): readonly AuditEventType[] {
    return this.rows.map((row) => row.type)
  }
}
