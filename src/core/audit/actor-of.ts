import { actorLabels } from '../identity/actor.js'
import type { Caller } from '../identity/caller.js'
import type { AuditEvent } from './audit-event.js'
import { originFacts, type RequestOrigin } from './request-origin.js'

/** Who acts, for the record. */
export function actorOf(caller: Caller | undefined): Pick<AuditEvent, 'tenant' | 'issuer' | 'subject' | 'clientId'> {
  return {
    tenant: caller?.tenant,
    issuer: caller?.issuer,
    subject: caller?.user.subject,
    clientId: caller?.clientId,
  }
}

/** What an event says of its request: where it comes from, and who acts for the user, which is nothing where nobody does. */
export function requestFacts(
  caller: Pick<Caller, 'actor'> | undefined,
  origin: RequestOrigin | undefined,
): Pick<AuditEvent, 'personal' | 'traceId'> {
  const facts = originFacts(origin)
  const actor = actorLabels(caller?.actor)
  return actor.length === 0 ? facts : { ...facts, personal: { ...facts.personal, actor } }
}
