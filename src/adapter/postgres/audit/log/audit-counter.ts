import type { AuditEvent, AuditFacts } from '../../../../core/audit/audit-event.js'
import type { AuditRow } from '../audit-row.js'

/** Denials of one actor between two flushes that have a row each, those after them are counted; and its different events that are told apart. */
const ofActors: Bounds = { rows: 20, kinds: 50 }
/** The same of everybody in one database together. */
const ofPlaces: Bounds = { rows: 500, kinds: 1000 }
const mostWear = 6

const denials: ReadonlySet<AuditEvent['type']> = new Set(['operation.denied', 'signin.failed', 'token.refused'])

/**
 * Counts events, each exactly. The first denials of an actor have rows of their own, then equal ones share one; of an actor, or of a
 * whole tenant, with too many different ones only the kinds are told apart, and fewer the longer that lasts. So nobody fills the trail
 * by being refused, nor hides in it.
 */
export class AuditCounter {
  /** In the order of coming; by what makes them equal, or `row` and a number. */
  #rows = new Map<string, AuditRow>()
  readonly #places = new Map<string, Budget>()
  readonly #actors = new Map<string, ActorBudget>()
  readonly #wear = new Wear()

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
    this.#wear.note([
      ...[...this.#places].map(([key, { isUsedUp }]) => ({ key, isUsedUp })),
      ...[...this.#actors].map(([key, { isUsedUp }]) => ({ key, isUsedUp })),
    ])
    this.#places.clear()
    this.#actors.clear()
    return rows
  }

  #budgetOf({ clientId, issuer, subject, tenant }: AuditEvent): ActorBudget {
    const placeKey = tenant?.id ?? ''
    const place = this.#places.get(placeKey) ?? new Budget(ofPlaces, this.#wear.of(placeKey))
    this.#places.set(placeKey, place)
    const actorKey = JSON.stringify([placeKey, issuer, subject, clientId])
    const known = this.#actors.get(actorKey)
    if (known !== undefined) return known
    const budget = new ActorBudget(place, new Budget(ofActors, this.#wear.of(actorKey)))
    // Of whom nothing would be kept apart, nothing has to be known.
    if (budget.isOpen) this.#actors.set(actorKey, budget)
    return budget
  }
}

interface Bounds {
  readonly rows: number
  readonly kinds: number
}

/** What may stand apart until the next flush: half as much with each flush before which it was used up, and twice as much with each other. */
class Budget {
  readonly #bounds: Bounds
  #rows = 0
  #kinds = 0

  constructor({ kinds, rows }: Bounds, wear: number) {
    this.#bounds = { rows: Math.max(1, rows >> wear), kinds: Math.max(1, kinds >> wear) }
  }

  get hasRows(): boolean {
    return this.#rows < this.#bounds.rows
  }

  get hasKinds(): boolean {
    return this.#kinds < this.#bounds.kinds
  }

  get isUsedUp(): boolean {
    return !this.hasRows || !this.hasKinds
  }

  get kindsTaken(): number {
    return this.#kinds
  }

  takeRow(): void {
    this.#rows += 1
  }

  takeKind(): void {
    this.#kinds += 1
  }
}

/** What an actor may still have to itself until the next flush, in a database that has bounds of its own. */
class ActorBudget {
  readonly #place: Budget
  readonly #own: Budget

  constructor(place: Budget, own: Budget) {
    this.#place = place
    this.#own = own
  }

  /** Whether anything of it stands apart. */
  get hasKinds(): boolean {
    return this.#own.kindsTaken > 0
  }

  /** Whether anything more of its place can stand apart. */
  get isOpen(): boolean {
    return this.#place.hasKinds || this.#place.hasRows
  }

  get isUsedUp(): boolean {
    return this.#own.isUsedUp
  }

  takeRow(): boolean {
    if (!this.#own.hasRows || !this.#place.hasRows) return false
    this.#own.takeRow()
    this.#place.takeRow()
    return true
  }

  takeKind(): boolean {
    if (!this.#own.hasKinds || !this.takeSummary()) return false
    this.#own.takeKind()
    return true
  }

  /** For everything of it that is not told apart. */
  takeSummary(): boolean {
    if (!this.#place.hasKinds) return false
    this.#place.takeKind()
    return true
  }
}

/** Who has used up what it had, and how many flushes in a row. */
class Wear {
  readonly #strikes = new Map<string, number>()

  of(key: string): number {
    return this.#strikes.get(key) ?? 0
  }

  note(used: readonly { readonly key: string; readonly isUsedUp: boolean }[]): void {
    const usedUp = new Set(used.filter(({ isUsedUp }) => isUsedUp).map(({ key }) => key))
    for (const [key, strikes] of this.#strikes) {
      if (usedUp.has(key)) continue
      if (strikes > 1) this.#strikes.set(key, strikes - 1)
      else this.#strikes.delete(key)
    }
    for (const key of usedUp) this.#strikes.set(key, Math.min(mostWear, this.of(key) + 1))
  }
}

/** All but what each event has for itself; the rows of one sign-in are told from those of another. */
function keyOf(event: AuditEvent): string {
  const { type, tenant, issuer, subject, clientId, requestId, operation, reason, detail, personal } = event
  const signIn = type.startsWith('signin.') ? requestId : undefined
  const facts = detail?.['arguments'] === undefined ? detail : { ...detail, arguments: undefined }
  const people = [personal?.['address'], personal?.['actor']]
  return JSON.stringify([type, tenant?.id, issuer, subject, clientId, signIn, operation, reason, facts, people])
}

/** What a row that stands for several does not say: which of them took how long, had which arguments or came with which browser. */
function withoutOnce({ milliseconds: _, traceId: __, detail, personal, ...event }: AuditEvent): AuditEvent {
  return {
    ...event,
    ...(detail === undefined ? {} : { detail: only(detail, (name) => name !== 'arguments') }),
    ...(personal === undefined ? {} : { personal: only(personal, (name) => name === 'address' || name === 'actor') }),
  }
}

function only(facts: AuditFacts, keeps: (name: string) => boolean): AuditFacts {
  return Object.fromEntries(Object.entries(facts).filter(([name]) => keeps(name)))
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
