import type { AuditEvent, AuditFacts } from '../../../core/audit/audit-event.js'
import type { AuditRow } from './audit-row.js'

/** Denials of one actor between two flushes that have a row each; those after them are counted. */
const rowsOfActor = 20
/** The same of everybody in one database together. */
const rowsOfPlace = 500
/** Different events of one actor that are told apart. */
const kindsOfActor = 50
/** The same of everybody in one database together. */
const kindsOfPlace = 1000

const denials: ReadonlySet<AuditEvent['type']> = new Set(['operation.denied', 'signin.failed', 'token.refused'])

/**
 * Counts events, each exactly. The first denials of an actor have rows of their own, then equal ones share one; of an actor, or of a
 * whole tenant, with too many different ones only the kinds are told apart. So nobody fills the trail by being refused, nor hides in it.
 */
export class AuditCounter {
  /** In the order of coming; by what makes them equal, or `row` and a number. */
  #rows = new Map<string, AuditRow>()
  #budgets = new Budgets()

  get empty(): boolean {
    return this.#rows.size === 0
  }

  add(event: AuditEvent, count = 1): void {
    const place = JSON.stringify([event.tenant?.id])
    const actor = JSON.stringify([event.tenant?.id, event.issuer, event.subject, event.clientId])
    if (count === 1 && denials.has(event.type) && this.#spend(['row', actor, rowsOfActor], ['row', place, rowsOfPlace]))
      this.#rows.set(`row ${this.#rows.size}`, { event, count })
    else this.#count(event, count, { place, actor })
  }

  /** What was counted since the last time. */
  take(): readonly AuditRow[] {
    const rows = [...this.#rows.values()]
    this.#rows = new Map()
    this.#budgets = new Budgets()
    return rows
  }

  #count(event: AuditEvent, count: number, { actor, place }: { readonly place: string; readonly actor: string }): void {
    const placeKind = ['kind', place, kindsOfPlace] as const
    const levels = [
      { counted: event, costs: [['kind', actor, kindsOfActor] as const, placeKind] },
      { counted: ofActor(event), costs: [placeKind] },
      { counted: ofPlace(event), costs: [] },
    ]
    for (const { counted, costs } of levels) {
      const key = keyOf(counted)
      const row = this.#rows.get(key)
      if (row === undefined && !this.#spend(...costs)) continue
      const stands = row === undefined ? counted : withoutOnce(row.event)
      this.#rows.set(key, { event: stands, count: (row?.count ?? 0) + count })
      return
    }
  }

  #spend(...amounts: readonly (readonly ['kind' | 'row', string, number])[]): boolean {
    return this.#budgets.spend(amounts)
  }
}

class Budgets {
  readonly #spent = new Map<string, number>()

  /** One of each, where none is used up. */
  spend(amounts: readonly (readonly [string, string, number])[]): boolean {
    const keys = amounts.map(([kind, whose, most]) => ({ key: `${kind} ${whose}`, most }))
    if (keys.some(({ key, most }) => (this.#spent.get(key) ?? 0) >= most)) return false
    for (const { key } of keys) this.#spent.set(key, (this.#spent.get(key) ?? 0) + 1)
    return true
  }
}

/** All but what each event has for itself; the rows of one sign-in are told from those of another. */
function keyOf(event: AuditEvent): string {
  const { type, tenant, issuer, subject, clientId, requestId, operation, reason } = event
  const { detail, personal } = withoutOnce(event)
  const signIn = type.startsWith('signin.') ? requestId : undefined
  return JSON.stringify([type, tenant?.id, issuer, subject, clientId, signIn, operation, reason, detail, personal])
}

/** What a row that stands for several does not say: which of them took how long, had which arguments or came with which browser. */
function withoutOnce({ milliseconds: _, traceId: __, detail, personal, ...event }: AuditEvent): AuditEvent {
  const address = personal?.['address']
  return {
    ...event,
    ...(detail === undefined ? {} : { detail: without(detail, 'arguments') }),
    ...(address === undefined ? {} : { personal: { address } }),
  }
}

function without(facts: AuditFacts, name: string): AuditFacts {
  return Object.fromEntries(Object.entries(facts).filter(([key]) => key !== name))
}

function ofActor({ type, tenant, issuer, subject, clientId, reason }: AuditEvent): AuditEvent {
  return { type, tenant, issuer, subject, clientId, reason, requestId: 'many' }
}

function ofPlace({ type, tenant, reason }: AuditEvent): AuditEvent {
  return { type, tenant, reason, requestId: 'many' }
}
