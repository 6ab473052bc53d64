import { printableLine } from '../../text/printable.js'
import type { AuditRecord } from '../audit-record.js'
import { auditMembers, auditValues } from './audit-members.js'

/**
 * A record as one line of JSON, its members always in the same order, those that say nothing left out. Whatever could end the line,
 * steer a terminal or not show is an escape sequence; the value is the same.
 */
export function formatJsonLine(record: AuditRecord): string {
  const values = auditValues(record)
  return jsonText(Object.fromEntries(auditMembers.map((member) => [member, values[member]])))
}

/** JSON on one line that shows all it says. */
export function jsonText(value: unknown): string {
  return printableLine(JSON.stringify(value))
}
