import type { Kysely } from 'kysely'
import type { AuditEvent } from '../../../core/audit/audit-event.js'
import { originFacts, type RequestOrigin } from '../../../core/audit/request-origin.js'
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

/** Why a sign-in ended, and who asked for that, where somebody did. */
export interface Ending {
  readonly how: SignInEnd
  readonly origin?: RequestOrigin | undefined
}

/** The rows on record of sign-ins. */
export class SignInRows {
  readonly #ownIssuer: string

  constructor(ownIssuer: string) {
    this.#ownIssuer = ownIssuer
  }

  completed(row: EndedRow, tenant: Tenant, origin: RequestOrigin | undefined): AuditEvent {
    return { type: 'signin.completed', ...this.#facts(row, tenant), ...originFacts(origin) }
  }

  ended(row: EndedRow, tenant: Tenant, { how, origin }: Ending): AuditEvent {
    return { type: 'session.ended', reason: how, ...this.#facts(row, tenant), ...originFacts(origin) }
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
