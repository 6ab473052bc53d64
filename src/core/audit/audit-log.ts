import type { AuditEvent } from './audit-event.js'

export interface AuditLog {
  /** Durable once it resolves. Throws `UpstreamError` when the row cannot be written: what it records must then not happen. */
  record(event: AuditEvent): Promise<void>
  /** Counts an event that nobody waits for; equal events of one second become one row with their number. */
  count(event: AuditEvent): void
  /** Writes what is counted. */
  flush(): Promise<void>
}
