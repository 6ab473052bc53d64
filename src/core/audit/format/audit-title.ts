import type { AuditEventType } from '../audit-event.js'

const titles: Readonly<Record<AuditEventType, string>> = {
  'admin.changed': 'Administration changed',
  'audit.maintained': 'Audit maintained',
  'audit.read': 'Audit read',
  'credential.outcome': 'Use of a credential ended',
  'credential.read': 'Credential read',
  'credential.rotated': 'Credential rotated',
  'list.served': 'List served',
  'operation.allowed': 'Operation allowed',
  'operation.denied': 'Operation denied',
  'operation.outcome': 'Operation ended',
  'server.started': 'Server started',
  'server.stopped': 'Server stopped',
  'session.ended': 'Session ended',
  'signin.completed': 'Sign-in completed',
  'signin.failed': 'Sign-in failed',
  'signin.started': 'Sign-in started',
  'token.refused': 'Token refused',
}

/** All types of events that this version knows. */
export const auditEventTypes: readonly AuditEventType[] = Object.keys(titles) as AuditEventType[]

/** A type in words; one of a later version as it is. */
export function titleOf(type: AuditEventType): string {
  return Object.hasOwn(titles, type) ? titles[type] : type
}
