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
  readonly #places = new Map<string, Spent>()
  readonly #actors = new Map<string, ActorBudget>()

  get empty(): boolean {
    return this.#rows.size === 0
  }

  add(event: AuditEvent, count = 1): void {
    const budget = this.#budgetOf(event)
    if (count === 1 && denials.has(event.type) && budget.takeRow()) {
      this.#rows.set(`row ${this.#rows.size}`, { event, count })
      return
    }
    for (const { isOpen, kindOf } of levels) {
      const key = budget.hasKinds || kindOf === ofPlace || budget.isOpen ? keyOf(kindOf(event)) : undefined
      const row = key === undefined ? undefined : this.#rows.get(key)
      if (key === undefined || (row === undefined && !isOpen(budget))) continue
      const stands = row === undefined ? kindOf(event) : withoutOnce(row.event)
      this.#rows.set(key, { event: stands, count: (row?.count ?? 0) + count })
      return
    }
  }

  /** What was counted since the last time. */
  take(): readonly AuditRow[] {
    const rows = [...this.#rows.values()]
    this.#rows = new Map()
    this.#places.clear()
    this.#actors.clear()
    return rows
  }

  #budgetOf({ clientId, issuer, subject, tenant }: AuditEvent): ActorBudget {
    const placeKey = tenant?.id ?? ''
    const place = this.#places.get(placeKey) ?? { rows: 0, kinds: 0 }
    this.#places.set(placeKey, place)
    const actorKey = JSON.stringify([placeKey, issuer, subject, clientId])
    const known = this.#actors.get(actorKey)
    if (known !== undefined) return known
    const budget = new ActorBudget(place)
    // Of whom nothing would be kept apart, nothing has to be known.
    if (budget.isOpen) this.#actors.set(actorKey, budget)
    return budget
  }
}

interface Spent {
  rows: number
  kinds: number
}

/** What an actor may still have to itself until the next flush. */
class ActorBudget {
  readonly #place: Spent
  readonly #own: Spent = { rows: 0, kinds: 0 }

  constructor(place: Spent) {
    this.#place = place
  }

  /** Whether anything of it stands apart. */
  get hasKinds(): boolean {
    return this.#own.kinds > 0
  }

  /** Whether anything more of its place can stand apart. */
  get isOpen(): boolean {
    return this.#place.kinds < kindsOfPlace || this.#place.rows < rowsOfPlace
  }

  takeRow(): boolean {
    if (this.#own.rows >= rowsOfActor || this.#place.rows >= rowsOfPlace) return false
    this.#own.rows += 1
    this.#place.rows += 1
    return true
  }

  takeKind(): boolean {
    if (this.#own.kinds >= kindsOfActor || !this.takeSummary()) return false
    this.#own.kinds += 1
    return true
  }

  /** For everything of it that is not told apart. */
  takeSummary(): boolean {
    if (this.#place.kinds >= kindsOfPlace) return false
    this.#place.kinds += 1
    return true
  }
}

/** All but what each event has for itself; the rows of one sign-in are told from those of another. */
function keyOf(event: AuditEvent): string {
  const { type, tenant, issuer, subject, clientId, requestId, operation, reason, detail, personal } = event
  const signIn = type.startsWith('signin.') ? requestId : undefined
  const facts = detail?.['arguments'] === undefined ? detail : { ...detail, arguments: undefined }
  const address = personal?.['address']
  return JSON.stringify([type, tenant?.id, issuer, subject, clientId, signIn, operation, reason, facts, address])
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

/** From what is told apart most to what is told apart least. */
const levels = [
  { kindOf: (event: AuditEvent): AuditEvent => event, isOpen: (budget: ActorBudget) => budget.takeKind() },
  { kindOf: ofActor, isOpen: (budget: ActorBudget) => budget.takeSummary() },
  { kindOf: ofPlace, isOpen: () => true },
]
