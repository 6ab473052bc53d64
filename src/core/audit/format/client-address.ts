import type { AuditRecord } from '../audit-record.js'

/** The address of a record as receivers know them: what is kept of an IPv6 address is its network, which as an address ends in zeros. */
export function clientAddressOf({ personal }: Pick<AuditRecord, 'personal'>): string | undefined {
  const address = personal?.['address']
  if (typeof address !== 'string') return undefined
  return /^[\da-f]{1,4}(?::[\da-f]{1,4}){3}$/i.test(address) ? `${address}::` : address
}
