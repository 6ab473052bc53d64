import { sql, type Kysely } from 'kysely'
import type { AuditEvent } from '../../../core/audit/audit-event.js'
import type { AuditEventTable } from '../schema/audit-schema.js'
import { toStorable } from '../storable-text.js'

const longestText = 1024
/** More members than that are left out of a row. */
export const longestList = 100

/** Events of one database that stand in one row. */
export interface AuditRow {
  readonly event: AuditEvent
  readonly count: number
}

/** The database part that audit needs; master and tenants both have it. */
export interface AuditSchema {
  readonly audit_event: AuditEventTable
}

/** Writes the rows in their order, all or none. */
export async function insertAuditRows<Schema extends AuditSchema>(
  db: Kysely<Schema>,
  rows: readonly AuditRow[],
): Promise<void> {
  const json = JSON.stringify(rows.map(toColumns))
  await sql`
    insert into audit_event (type, issuer, subject, client_id, request_id, operation, reason, detail, count)
    select type, issuer, subject, client_id, request_id, operation, reason, detail, count
    from jsonb_to_recordset(${json}::jsonb) as event (
      type text, issuer text, subject text, client_id text, request_id text, operation text, reason text,
      detail jsonb, count integer
    )
  `.execute(db)
}

/** What a caller sent must not keep its own row, or those of others in the same statement, from being written. */
function toColumns({ event, count }: AuditRow) {
  return {
    type: event.type,
    issuer: text(event.issuer),
    subject: text(event.subject),
    client_id: text(event.clientId),
    request_id: text(event.requestId),
    operation: text(event.operation),
    reason: text(event.reason),
    detail: event.detail && Object.fromEntries(Object.entries(event.detail).map(toMember)),
    count,
  }
}

function toMember([name, value]: [string, string | number | readonly string[]]): [string, unknown] {
  if (typeof value === 'number') return [name, value]
  return [name, typeof value === 'string' ? text(value) : value.slice(0, longestList).map(text)]
}

function text(value: string | undefined): string | undefined {
  return value === undefined ? undefined : toStorable(value, longestText)
}
