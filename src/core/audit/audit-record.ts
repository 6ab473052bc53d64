import type { AuditDecision, AuditEvent } from './audit-event.js'

/** One row of the trail, as it is read. */
export interface AuditRecord extends Omit<AuditEvent, 'tenant'> {
  /** The tenant's short name; `undefined` in master, for what belongs to no tenant. */
  readonly tenant: string | undefined
  /** By the database's clock, RFC 3339 in UTC with milliseconds. */
  readonly at: string
  /** How many equal events the row stands for. */
  readonly count: number
  readonly decision: AuditDecision | undefined
  /** Where the row stands: in which chain, as which of its rows. Absent for rows of versions that had none. */
  readonly position: AuditPosition | undefined
  /** Whether what it said of people was erased. */
  readonly erased: boolean
}

export interface AuditPosition {
  readonly chain: string
  /** Counted from 1, without gaps. */
  readonly sequence: number
}

/** Which rows are asked for; each member narrows. */
export interface AuditFilter {
  /** From then on. */
  readonly since?: Date | undefined
  /** Before then. */
  readonly until?: Date | undefined
  /** Types, exactly. */
  readonly types?: readonly AuditEvent['type'][] | undefined
  /** The subject, exactly, or the client. */
  readonly actor?: string | undefined
  readonly operation?: string | undefined
  readonly decision?: AuditDecision | undefined
  readonly reason?: string | undefined
  /** The reference that callers are shown. */
  readonly requestId?: string | undefined
}
