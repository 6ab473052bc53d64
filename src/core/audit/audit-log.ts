import type { AuditEvent } from './audit-event.js'

export interface AuditLog {
  /** Durable once it resolves. Throws `UpstreamError` when the row cannot be written: what it records must then not happen. */
  record(event: AuditEvent): Promise<void>
  /**
   * Keeps an event of something that has happened already and could not be recorded: in memory, in order, at most so many,
   * until the database takes it. It may be written twice if the database took it before without saying so.
   */
  retain(event: AuditEvent): void
  /** Counts an event that nobody waits for; equal events of one second become one row with their number. */
  count(event: AuditEvent): void
  /** Writes what is counted and retained. */
  flush(): Promise<void>
}
