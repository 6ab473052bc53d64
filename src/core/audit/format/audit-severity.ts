import type { AuditRecord } from '../audit-record.js'

/** How grave a record is to those who only look at some. */
export type AuditSeverity = 'information' | 'notice' | 'warning'

/** What was allowed is information, what was denied a warning; all else is to be noticed. */
export function severityOf({ decision }: Pick<AuditRecord, 'decision'>): AuditSeverity {
  if (decision === undefined) return 'notice'
  return decision === 'denied' ? 'warning' : 'information'
}
