import { AuditDeliveryError } from '../../core/audit/stream/audit-receiver.js'

/** What kept a message from its receiver, without what Node attaches to its errors. */
export function faultOf(host: string, error: unknown): AuditDeliveryError {
  const code: unknown = error instanceof Error && 'code' in error ? error.code : undefined
  const reason = typeof code === 'string' ? ` (${code})` : ''
  return new AuditDeliveryError(`${host}: it cannot be reached${reason}`, { cause: error })
}
