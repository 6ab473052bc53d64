import type { Tenant } from '../identity/tenant.js'

export type AuditEventType =
  | 'admin.changed'
  | 'audit.maintained'
  | 'audit.read'
  | 'credential.outcome'
  | 'credential.read'
  | 'credential.rotated'
  | 'list.served'
  | 'operation.allowed'
  | 'operation.denied'
  | 'operation.outcome'
  | 'server.started'
  | 'server.stopped'
  | 'session.ended'
  | 'signin.completed'
  | 'signin.failed'
  | 'signin.started'
  | 'token.refused'

/** Facts of an event: words, numbers and lists of words. */
export type AuditFacts = Readonly<Record<string, string | number | readonly string[]>>

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
  /** Joins an intent and its outcome: each of them has one of the same name, or the outcome becomes `unknown`. */
  readonly intentId?: string | undefined
  /** Of the trace that the request belongs to, 32 hexadecimal digits (W3C Trace Context §3.2.2.3). */
  readonly traceId?: string | undefined
  readonly operation?: string | undefined
  /** An `ERR_*` code, or a word for what happened: `succeeded`, `invalid`, `limited`, `rate_limited`, `insufficient_scope`, `consent_allowed`, `token_issued`. */
  readonly reason?: string | undefined
  /** How long it took, where that is known. */
  readonly milliseconds?: number | undefined
  /** Small facts: what granted or what was missing. Never an argument, token or secret, nor who somebody is. */
  readonly detail?: AuditFacts | undefined
  /** Facts about people, which can be erased: network address, who acts for the user, e-mail address, arguments that the operation lets be recorded. */
  readonly personal?: AuditFacts | undefined
}

/** What a decision was; nothing for an event that decides nothing. */
export type AuditDecision = 'allowed' | 'denied'

/** Types whose every event decides, and how. */
const decisions: Readonly<Partial<Record<AuditEventType, AuditDecision>>> = {
  'operation.allowed': 'allowed',
  'operation.denied': 'denied',
  'signin.completed': 'allowed',
  'signin.failed': 'denied',
  'token.refused': 'denied',
}

/** What an event decides. A credential read is allowed unless it says why not. */
export function decisionOf({ type, reason }: Pick<AuditEvent, 'reason' | 'type'>): AuditDecision | undefined {
  if (type === 'credential.read') return reason === undefined ? 'allowed' : 'denied'
  return decisions[type]
}
