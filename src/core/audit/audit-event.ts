import type { Tenant } from '../identity/tenant.js'

export type AuditEventType =
  | 'admin.changed'
  | 'credential.read'
  | 'credential.rotated'
  | 'list.served'
  | 'operation.allowed'
  | 'operation.denied'
  | 'operation.outcome'
  | 'session.ended'
  | 'signin.completed'
  | 'signin.failed'
  | 'signin.started'
  | 'token.refused'

/** One fact for the record. The time is the database's. */
export interface AuditEvent {
  readonly type: AuditEventType
  /** Where the row goes: the tenant's database, or master while the tenant is not known. */
  readonly tenant: Tenant | undefined
  readonly issuer?: string | undefined
  readonly subject?: string | undefined
  readonly clientId?: string | undefined
  /** Joins the rows of one request: decision and outcome share it. Also the reference that callers are shown. */
  readonly requestId: string
  readonly operation?: string | undefined
  /** An `ERR_*` code, or a word for what happened: `succeeded`, `invalid`, `limited`, `rate_limited`, `insufficient_scope`, `consent_allowed`, `token_issued`. */
  readonly reason?: string | undefined
  /** Small facts: what granted or what was missing, milliseconds taken, who acted for the user. Never an argument, token or secret. */
  readonly detail?: Readonly<Record<string, string | number | readonly string[]>> | undefined
}
