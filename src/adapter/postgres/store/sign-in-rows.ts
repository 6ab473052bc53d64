import type { Kysely } from 'kysely'
import type { AuditEvent } from '../../../core/audit/audit-event.js'
import type { Tenant } from '../../../core/identity/tenant.js'
import type { SignInEnd } from '../../../core/sign-in/sign-in-store.js'
import type { TenantSchema } from '../schema/tenant-schema.js'
import type { AuditTrail, WithoutTrail } from '../audit/audit-trail.js'

export const endedColumns = ['key', 'issuer', 'subject', 'client_id', 'application', 'request_id'] as const

/** What goes on record of a sign-in that has ended. */
export interface EndedRow {
  readonly key: string
  readonly issuer: string | null
  readonly subject: string
  readonly client_id: string
  readonly application: string
  readonly request_id: string
}

/** The rows on record of sign-ins. */
export class SignInRows {
  readonly #ownIssuer: string

  constructor(ownIssuer: string) {
    this.#ownIssuer = ownIssuer
  }

  completed(row: EndedRow, tenant: Tenant): AuditEvent {
    return { type: 'signin.completed', ...this.#facts(row, tenant) }
  }

  ended(row: EndedRow, tenant: Tenant, reason: SignInEnd): AuditEvent {
    return { type: 'session.ended', reason, ...this.#facts(row, tenant) }
  }

  #facts(row: EndedRow, tenant: Tenant): Omit<AuditEvent, 'type'> {
    return {
      tenant,
      issuer: row.issuer ?? this.#ownIssuer,
      subject: row.subject,
      clientId: row.client_id,
      requestId: row.request_id,
      detail: { application: row.application },
    }
  }
}

/** Writes them in the transaction of what they are about. */
export async function recordRows(
  db: Kysely<TenantSchema>,
  events: readonly AuditEvent[],
  { trail, without }: { readonly trail: AuditTrail; readonly without?: WithoutTrail },
): Promise<void> {
  const rows = events.map((event) => ({ event, count: 1 }))
  await trail.add(db, rows, without)
}
