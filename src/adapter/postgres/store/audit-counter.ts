import type { AuditEvent } from '../../../core/audit/audit-event.js'
import type { AuditRow } from './audit-row.js'

const distinctEvents = 10_000

/** Counts equal events. Beyond its bound it still counts every one, told apart by tenant, type and reason only. */
export class AuditCounter {
  #rows = new Map<string, AuditRow>()

  get empty(): boolean {
    return this.#rows.size === 0
  }

  add(event: AuditEvent, count = 1): void {
    const exact = keyOf(event)
    const isKnown = this.#rows.has(exact)
    const counted = isKnown || this.#rows.size < distinctEvents ? event : summaryOf(event)
    const key = counted === event ? exact : keyOf(counted)
    const row = this.#rows.get(key)
    this.#rows.set(key, { event: row?.event ?? counted, count: (row?.count ?? 0) + count })
  }

  /** What was counted since the last time. */
  take(): readonly AuditRow[] {
    const rows = [...this.#rows.values()]
    this.#rows = new Map()
    return rows
  }
}

/** All but the request and the order of members; the rows of one sign-in are told from those of another. */
function keyOf({ type, tenant, issuer, subject, clientId, requestId, operation, reason, detail }: AuditEvent): string {
  const signIn = type.startsWith('signin.') ? requestId : undefined
  return JSON.stringify([type, tenant?.id, issuer, subject, clientId, signIn, operation, reason, detail])
}

function summaryOf({ type, tenant, reason }: AuditEvent): AuditEvent {
  return { type, tenant, reason, requestId: 'many' }
}
