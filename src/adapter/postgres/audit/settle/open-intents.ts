import type { AuditEvent } from '../../../../core/audit/audit-event.js'
import type { StoredRow } from '../audit-row.js'

/** What the outcome of an intent is called. */
const outcomeTypes: Readonly<Record<string, string>> = {
  'operation.allowed': 'operation.outcome',
  'credential.read': 'credential.outcome',
}
const outcomes = new Set(Object.values(outcomeTypes))

/** Of outcomes whose intents are still to come, that many are remembered. */
const mostEarly = 1_000

export type Intent = Pick<
  StoredRow,
  'client_id' | 'intent_id' | 'issuer' | 'operation' | 'request_id' | 'subject' | 'trace_id' | 'type'
>

/** Whether an outcome has to follow. */
export function isIntent({ intent_id: id, type }: Pick<StoredRow, 'intent_id' | 'type'>): boolean {
  return id !== null && type in outcomeTypes
}

/** What is on record of intents whose outcome nobody knows: the process that had them is gone. */
export function unknownOutcomes(intents: readonly Intent[]): readonly StoredRow[] {
  return intents.map(({ client_id, intent_id, issuer, operation, request_id, subject, trace_id, type }) => ({
    ...{ client_id, intent_id, issuer, operation, request_id, subject, trace_id, reason: 'unknown' },
    ...{ type: outcomeTypes[type] ?? 'operation.outcome', milliseconds: null, detail: null, personal: null, count: 1 },
  }))
}

/** The same of an intent that nobody acted on. */
export function unknownOutcomeOf({ type }: Pick<AuditEvent, 'type'>): Pick<AuditEvent, 'detail' | 'reason' | 'type'> {
  const isRead = type === 'credential.read'
  return { type: isRead ? 'credential.outcome' : 'operation.outcome', reason: 'unknown', detail: undefined }
}

/** The intents in one chain whose outcomes are still to come. */
export class OpenIntents {
  /** The row of each, the oldest first. */
  readonly #rows = new Map<string, number>()
  /** Outcomes that came first: the intent of a call that takes rights away may be written later. */
  readonly #early = new Set<string>()

  get size(): number {
    return this.#rows.size
  }

  /** Takes note of rows that were added behind `end`. */
  note(rows: readonly StoredRow[], end: number): void {
    for (const [index, row] of rows.entries()) {
      const key = keyOf(row)
      if (isIntent(row) && !this.#early.delete(key)) this.#rows.set(key, end + index + 1)
      else if (outcomes.has(row.type) && !this.#rows.delete(key)) this.#expect(key)
    }
  }

  /** Up to which row everything is settled once these are added behind `end`, and the chain ends at `next`. */
  settledWith(rows: readonly StoredRow[], end: number, next: number): number {
    const closed = new Set(rows.filter(({ type }) => outcomes.has(type)).map(keyOf))
    for (const [key, row] of this.#rows) if (!closed.has(key)) return row - 1
    const isOpen = (key: string) => !closed.has(key) && !this.#early.has(key)
    const first = rows.findIndex((row) => isIntent(row) && isOpen(keyOf(row)))
    return first === -1 ? next : end + first
  }

  /** Takes note of outcomes that another chain has. */
  close(rows: readonly StoredRow[]): void {
    for (const row of rows) if (outcomes.has(row.type)) this.#rows.delete(keyOf(row))
  }

  forget(): void {
    this.#rows.clear()
    this.#early.clear()
  }

  #expect(key: string): void {
    this.#early.add(key)
    const [oldest] = this.#early
    if (this.#early.size > mostEarly && oldest !== undefined) this.#early.delete(oldest)
  }
}

/** Tells one call from every other. */
export function keyOf({ intent_id: id, request_id: request }: Pick<StoredRow, 'intent_id' | 'request_id'>): string {
  return JSON.stringify([request, id])
}
