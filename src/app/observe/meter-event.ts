import type { AuditEvent } from '../../core/audit/audit-event.js'
import type { Meter } from '../../core/runtime/meter.js'

/** Counts what is on record. */
export function meterEvent(
  meter: Meter,
  { type, operation = 'unknown', reason = 'none', milliseconds }: AuditEvent,
): void {
  switch (type) {
    case 'operation.allowed':
      meter.decided('allowed', 'none')
      break
    case 'operation.denied':
      meter.decided('denied', reason)
      meter.called(operation, 'denied')
      break
    case 'operation.outcome':
      meter.called(operation, reason, milliseconds === undefined ? undefined : milliseconds / 1000)
      break
    case 'token.refused':
      meter.tokenRefused(reason)
      break
    case 'signin.started':
      meter.signIn('started', reason)
      break
    case 'signin.completed':
      meter.signIn('completed', reason)
      break
    case 'signin.failed':
      meter.signIn('failed', reason)
      break
    case 'admin.changed':
    case 'audit.maintained':
    case 'audit.read':
    case 'credential.outcome':
    case 'credential.read':
    case 'credential.rotated':
    case 'list.served':
    case 'server.started':
    case 'server.stopped':
    case 'session.ended':
      break
  }
}
