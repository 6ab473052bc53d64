import { sql } from 'kysely'
import { decisionOf, type AuditEventType, type AuditFacts } from '../../../../core/audit/audit-event.js'
import type { AuditRecord } from '../../../../core/audit/audit-record.js'
import type { StoredRow } from '../audit-row.js'

const firstTime = Date.parse('0001-01-01T00:00:00.000Z')
const lastTime = Date.parse('9999-12-31T23:59:59.999Z')

/** A row of the trail, as it is selected. */
export interface AuditRecordRow extends Omit<StoredRow, 'detail' | 'personal'> {
  readonly id: string
  /** Microseconds since the epoch. */
  readonly at: number
  readonly detail: unknown
  readonly personal: unknown
  readonly chain: string | null
  readonly sequence: number | null
  readonly erased: boolean
}

/** The columns of `AuditRecordRow`, of `audit_event e`. */
export const recordColumns = sql`
  e.id::text, (extract(epoch from e.at) * 1000000::numeric)::float8 as at, e.type, e.issuer, e.subject, e.client_id, e.request_id,
  e.intent_id, e.trace_id, e.operation, e.reason, e.milliseconds, e.detail, e.personal, e.count, e.chain,
  e.sequence::float8 as sequence, e.erased_by is not null as erased
`

/** A row as whoever reads the trail has it. */
export function parseRecord(row: AuditRecordRow, tenant: string | undefined): AuditRecord {
  // A later version may know more of them; it is a word all the same.
  const type = row.type as AuditEventType
  const reason = row.reason ?? undefined
  const { chain, sequence } = row
  return {
    ...{ type, tenant, reason, at: timeOf(row.at) },
    ...{ issuer: row.issuer ?? undefined, subject: row.subject ?? undefined, clientId: row.client_id ?? undefined },
    ...{ requestId: row.request_id, intentId: row.intent_id ?? undefined, traceId: row.trace_id ?? undefined },
    ...{ operation: row.operation ?? undefined, milliseconds: row.milliseconds ?? undefined, count: row.count },
    ...{ detail: parseFacts(row.detail), personal: parseFacts(row.personal), erased: row.erased },
    decision: decisionOf({ type, reason }),
    position: chain === null || sequence === null ? undefined : { chain, sequence },
  }
}

/** The nearest that can be written down: whoever has put another one there must not keep the rest from being read. */
function timeOf(microseconds: number): string {
  const milliseconds = Math.min(Math.max(Math.floor(microseconds / 1000), firstTime), lastTime)
  return new Date(Number.isNaN(milliseconds) ? firstTime : milliseconds).toISOString()
}

function parseFacts(value: unknown): AuditFacts | undefined {
  if (typeof value !== 'object' || value === null) return undefined
  return Object.fromEntries(Object.entries(value).map(([name, fact]) => [name, parseFact(fact)]))
}

function parseFact(fact: unknown): string | number | readonly string[] {
  if (typeof fact === 'string' || typeof fact === 'number') return fact
  if (Array.isArray(fact)) return fact.map((word: unknown) => (typeof word === 'string' ? word : JSON.stringify(word)))
  return JSON.stringify(fact)
}
