import type { AuditRecord } from '../audit-record.js'

/** Where a record says that its request came from. */
export function clientAddressOf({ personal }: Pick<AuditRecord, 'personal'>): string | undefined {
  const address = personal?.['address']
  return typeof address === 'string' ? address : undefined
}
