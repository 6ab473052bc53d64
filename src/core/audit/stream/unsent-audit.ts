import type { AuditPlace } from '../audit-reader.js'
import type { AuditRecord } from '../audit-record.js'

/** What receivers have not been sent, and how far each is: kept in the database whose trail it is. */
export interface UnsentAudit {
  /** Rows that the receiver does not have, those of each chain without gaps and in their order; at most so many. */
  read(place: AuditPlace, destination: string, limit: number): Promise<readonly AuditRecord[]>
  /** Notes that the receiver has these, and all that come before them in their chains. */
  note(place: AuditPlace, destination: string, sent: readonly AuditRecord[]): Promise<void>
}
