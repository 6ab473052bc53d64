import { formatCsv } from '../../text/format-csv.js'
import type { AuditRecord } from '../audit-record.js'
import { auditMembers, auditValues, type AuditValues } from './audit-members.js'
import { jsonText } from './format-json-line.js'

/** The first record of a CSV file: the names of its columns. */
export function auditCsvHeader(): string {
  return formatCsv([auditMembers])
}

/** A record as one of a CSV file, with its line break. Facts are JSON; where nothing is said, the cell is empty. */
export function formatAuditCsv(record: AuditRecord): string {
  const values = auditValues(record)
  return formatCsv([auditMembers.map((member) => cellOf(values[member]))])
}

function cellOf(value: AuditValues[keyof AuditValues]): string {
  if (value === undefined || value === null) return ''
  return typeof value === 'object' ? jsonText(value) : String(value)
}
