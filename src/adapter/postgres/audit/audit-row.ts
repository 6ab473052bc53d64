import type { AuditEvent, AuditFacts } from '../../../core/audit/audit-event.js'
import { toStorable } from '../storable-text.js'

const longestText = 1024
/** More members than that are left out of a row. */
export const longestList = 100

/** Events of one database that stand in one row. */
export interface AuditRow {
  readonly event: AuditEvent
  readonly count: number
}

type StoredFacts = Readonly<Record<string, string | number | null | readonly string[]>>

/** The columns of a row that its writer decides, as the database gives them back. */
export interface StoredRow {
  readonly type: string
  readonly issuer: string | null
  readonly subject: string | null
  readonly client_id: string | null
  readonly request_id: string
  readonly intent_id: string | null
  readonly trace_id: string | null
  readonly operation: string | null
  readonly reason: string | null
  readonly milliseconds: number | null
  readonly detail: StoredFacts | null
  readonly personal: StoredFacts | null
  readonly count: number
}

/** What a caller sent must not keep its own row, or those of others in the same statement, from being written. */
export function toStoredRow({ event, count }: AuditRow): StoredRow {
  const { milliseconds } = event
  return {
    type: event.type,
    issuer: text(event.issuer),
    subject: text(event.subject),
    client_id: text(event.clientId),
    request_id: toStorable(event.requestId, longestText),
    intent_id: text(event.intentId),
    trace_id: text(event.traceId),
    operation: text(event.operation),
    reason: text(event.reason),
    milliseconds: milliseconds !== undefined && Number.isFinite(milliseconds) ? milliseconds : null,
    detail: facts(event.detail),
    personal: facts(event.personal),
    count,
  }
}

function facts(of: AuditFacts | undefined): StoredFacts | null {
  return of === undefined ? null : Object.fromEntries(Object.entries(of).map(toMember))
}

function toMember([name, value]: [string, string | number | readonly string[]]): [
  string,
  string | number | null | readonly string[],
] {
  // What JSON has no number for.
  if (typeof value === 'number') return [name, Number.isFinite(value) ? value : null]
  if (typeof value === 'string') return [name, toStorable(value, longestText)]
  return [name, value.slice(0, longestList).map((member) => toStorable(member, longestText))]
}

function text(value: string | undefined): string | null {
  return value === undefined ? null : toStorable(value, longestText)
}
