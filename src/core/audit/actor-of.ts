import { actorLabels } from '../identity/actor.js'
import type { Caller } from '../identity/caller.js'
import type { AuditEvent, AuditFacts } from './audit-event.js'

/** Who acts, for the record. */
export function actorOf(caller: Caller | undefined): Pick<AuditEvent, 'tenant' | 'issuer' | 'subject' | 'clientId'> {
  return {
    tenant: caller?.tenant,
    issuer: caller?.issuer,
    subject: caller?.user.subject,
    clientId: caller?.clientId,
  }
}

/** Who acts for the user, for the record: nothing where nobody does. `facts` are those that stand beside it. */
export function actingFor(caller: Pick<Caller, 'actor'> | undefined, facts?: AuditFacts): AuditFacts | undefined {
  const actor = actorLabels(caller?.actor)
  return actor.length === 0 ? facts : { ...facts, actor }
}
