import type { Caller } from '../identity/caller.js'
import type { AuditEvent } from './audit-event.js'

/** Who acts, for the record. */
export function actorOf(caller: Caller | undefined): Pick<AuditEvent, 'tenant' | 'issuer' | 'subject' | 'clientId'> {
  return {
    tenant: caller?.tenant,
    issuer: caller?.issuer,
    subject: caller?.user.subject,
    clientId: caller?.clientId,
  }
}
