import type { AuditFilter, AuditRecord } from './audit-record.js'

/** Whether a record is asked for. */
export function matchesFilter(record: AuditRecord, filter: AuditFilter): boolean {
  const { actor, decision, operation, reason, requestId, since, types, until } = filter
  const at = Date.parse(record.at)
  return (
    (since === undefined || at >= since.getTime()) &&
    (until === undefined || at < until.getTime()) &&
    (types === undefined || types.includes(record.type)) &&
    (actor === undefined || record.subject === actor || record.clientId === actor) &&
    (operation === undefined || record.operation === operation) &&
    (decision === undefined || record.decision === decision) &&
    (reason === undefined || record.reason === reason) &&
    (requestId === undefined || record.requestId === requestId)
  )
}
