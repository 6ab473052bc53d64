import { sql, type RawBuilder } from 'kysely'
import { decisionOf, type AuditDecision } from '../../../../core/audit/audit-event.js'
import type { AuditFilter } from '../../../../core/audit/audit-record.js'
import { auditEventTypes } from '../../../../core/audit/format/audit-title.js'

/** Whether a row of `audit_event e` is asked for. */
export function conditionsOf(filter: AuditFilter): RawBuilder<boolean> {
  const { actor, decision, operation, reason, requestId, since, types, until } = filter
  const conditions = [
    since && sql`e.at >= ${since}`,
    until && sql`e.at < ${until}`,
    types && sql`e.type = any(${types}::text[])`,
    actor !== undefined && sql`(e.subject = ${actor} or e.client_id = ${actor})`,
    operation !== undefined && sql`e.operation = ${operation}`,
    decision && deciding(decision),
    reason !== undefined && sql`e.reason = ${reason}`,
    requestId !== undefined && sql`e.request_id = ${requestId}`,
  ]
  return sql<boolean>`${sql.join([sql`true`, ...conditions.filter(isAsked)], sql` and `)}`
}

function isAsked(condition: RawBuilder<unknown> | false | undefined): condition is RawBuilder<unknown> {
  return condition !== false && condition !== undefined
}

/** Some decide one way with a reason and the other way without. */
function deciding(decision: AuditDecision): RawBuilder<unknown> {
  const typesWith = (reason: string | undefined): readonly string[] =>
    auditEventTypes.filter((type) => decisionOf({ type, reason }) === decision)
  return sql`e.type = any(case when e.reason is null then ${typesWith(undefined)}::text[] else ${typesWith('any')}::text[] end)`
}
