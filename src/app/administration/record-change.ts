import { randomUUID } from 'node:crypto'
import type { AuditEvent } from '../../core/audit/audit-event.js'
import type { Installation } from './with-tenant.js'

/** What an administrator has done that no transaction of a database puts on record by itself. */
export interface DoneChange {
  readonly action: 'added' | 'changed' | 'exported' | 'removed'
  readonly noun: string
  readonly name: string
  readonly before?: readonly string[]
  readonly after?: readonly string[]
}

/** Puts it on record. It has happened already: where that cannot be recorded now, it is as soon as it can. */
export async function recordChange(
  { by, postgres }: Pick<Installation, 'by' | 'postgres'>,
  { after = [], before = [], ...change }: DoneChange,
): Promise<void> {
  const event: AuditEvent = {
    ...{ type: 'admin.changed', tenant: undefined, subject: by, requestId: randomUUID() },
    reason: `${change.noun.replaceAll(' ', '_')}_${change.action}`,
    detail: { ...change, before, after },
  }
  await postgres.audit.record(event).catch(() => postgres.audit.retain(event))
}
