import type { AuditRecord } from '../../../core/audit/audit-record.js'
import { printableCell } from '../../printable.js'

const columns = [
  { name: 'TIME', width: 24 },
  { name: 'TENANT', width: 10 },
  { name: 'EVENT', width: 18 },
  { name: 'OPERATION', width: 20 },
  { name: 'ACTOR', width: 20 },
  { name: 'REASON', width: 24 },
  { name: 'COUNT', width: 5 },
  { name: 'REF', width: 0 },
] as const

export const auditHeader: readonly string[] = columns.map(({ name }) => name)

/** One record in the order of the header; what is not known is a dash. */
export function auditRow(record: AuditRecord): readonly string[] {
  const { at, clientId, count, operation, reason, requestId, subject, tenant, type } = record
  return [at, tenant ?? 'master', type, operation, subject ?? clientId, reason, String(count), requestId].map(
    (cell) => cell ?? '-',
  )
}

/** The same as a line of its own, when it is not known what comes after it. */
export function auditLine(cells: readonly string[]): string {
  const shown = columns.map(({ width }, index) => printableCell(cells[index] ?? '').padEnd(width))
  return `${shown.join('  ').trimEnd()}\n`
}
