import { packageVersion } from '../../../app/package-version.js'
import type { AuditRecord } from '../../../core/audit/audit-record.js'
import { auditCsvHeader, formatAuditCsv } from '../../../core/audit/format/format-audit-csv.js'
import { formatCef } from '../../../core/audit/format/format-cef.js'
import { formatJsonLine } from '../../../core/audit/format/format-json-line.js'

export const auditFormats = ['jsonl', 'csv', 'cef'] as const
export type AuditFormat = (typeof auditFormats)[number]

/** How records are written: what comes before the first, and each, with its line break. */
export interface AuditLines {
  readonly head: string
  readonly line: (record: AuditRecord) => string
}

/** The lines of a format. */
export function linesOf(format: AuditFormat): AuditLines {
  const version = packageVersion()
  switch (format) {
    case 'jsonl':
      return { head: '', line: (record) => `${formatJsonLine(record)}\n` }
    case 'csv':
      return { head: auditCsvHeader(), line: formatAuditCsv }
    case 'cef':
      return { head: '', line: (record) => `${formatCef(record, { version })}\n` }
  }
}
