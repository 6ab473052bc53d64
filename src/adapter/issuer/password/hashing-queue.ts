import { CrowdedError } from './crowded-error.js'

/** Whose password it is, and who asks: those who have a turn of their own. */
export interface HashingClaim {
  readonly account: string
  /** The network of a stranger; `undefined` for a browser that has signed in to the account before. */
  readonly stranger: string | undefined
}

/** An account or a network, as long as there is work for it. */
interface Party {
  readonly key: string
  /** How much of its work runs or waits. */
  places: number
  /** When it came, or had its last turn. */
  since: number
}

interface Work {
  /** From the widest to the narrowest; none for what the server does by itself. */
  readonly parties: readonly Party[]
  readonly from: 'stranger' | 'known'
}

interface Waiter extends Work {
  readonly enter: () => void
  readonly refuse: (error: CrowdedError) => void
}

const mostAtOnce = 2
const mostWaiting = 32
const mostOfAccount = 8
/** However many strangers come, some places are left for those who have been here before. */
const mostOfStrangers = 24

/**
 * Lets two computations run at a time and 32 wait. Networks of strangers and accounts have their turns one after the other, and
 * within a network its accounts: whoever comes waits for one computation of each other at most, however much those have asked
 * for. Where all places are taken, the one who has most gives one up: so many may come from one office as there is room for, and
 * nobody is shut out by what somebody else is right to ask for.
 */
export class HashingQueue {
  readonly #parties = new Map<string, Party>()
  readonly #waiting: Waiter[] = []
  #running = 0
  #strangers = 0
  #turns = 0

  /** Does the work in its turn. Throws `CrowdedError` where there is no place for it, or no longer. */
  async run<Value>(claim: HashingClaim | undefined, work: () => Promise<Value>): Promise<Value> {
    const asked = this.#join(claim)
    await this.#enter(asked)
    try {
      return await work()
    } finally {
      this.#running -= 1
      this.#leave(asked)
      this.#callNext()
    }
  }

  #join(claim: HashingClaim | undefined): Work {
    const from = claim?.stranger === undefined ? 'known' : 'stranger'
    const asked: Work = { parties: partyKeys(claim).map((key) => this.#party(key)), from }
    for (const party of asked.parties) party.places += 1
    if (from === 'stranger') this.#strangers += 1
    return asked
  }

  #party(key: string): Party {
    const party = this.#parties.get(key) ?? { key, places: 0, since: (this.#turns += 1) }
    this.#parties.set(key, party)
    return party
  }

  #leave({ from, parties }: Work): void {
    if (from === 'stranger') this.#strangers -= 1
    for (const party of parties) {
      party.places -= 1
      if (party.places === 0) this.#parties.delete(party.key)
    }
  }

  /** Whoever is refused has left. */
  async #enter(asked: Work): Promise<void> {
    const account = asked.parties.at(-1)
    if (account !== undefined && account.places > mostOfAccount) {
      this.#leave(asked)
      throw new CrowdedError('its own')
    }
    if (this.#running < mostAtOnce) return this.#begin(asked)
    await new Promise<void>((enter, refuse) => {
      this.#waiting.push({ ...asked, enter, refuse })
      if (this.#strangers > mostOfStrangers) this.#turnAway(this.#waiting.filter(({ from }) => from === 'stranger'))
      if (this.#waiting.length > mostWaiting) this.#turnAway(this.#waiting)
    })
  }

  #begin({ parties }: Work): void {
    this.#running += 1
    this.#turns += 1
    for (const party of parties) party.since = this.#turns
  }

  #callNext(): void {
    const next = first(this.#waiting, (one, other) => compare(sinceOf(one), sinceOf(other)))
    if (next === undefined) return
    this.#remove(next)
    this.#begin(next)
    next.enter()
  }

  /** The last one of whoever has most places has to go. */
  #turnAway(waiting: readonly Waiter[]): void {
    const latest = [...waiting].reverse()
    const heaviest = first(latest, (one, other) => compare(placesOf(other), placesOf(one)))
    if (heaviest === undefined) return
    const crowd = placesOf(heaviest).some((places) => places > 1) ? 'its own' : 'everybody'
    this.#remove(heaviest)
    this.#leave(heaviest)
    heaviest.refuse(new CrowdedError(crowd))
  }

  #remove(waiter: Waiter): void {
    this.#waiting.splice(this.#waiting.indexOf(waiter), 1)
  }
}

function partyKeys(claim: HashingClaim | undefined): readonly string[] {
  if (claim === undefined) return []
  const { account, stranger } = claim
  return stranger === undefined ? [`known ${account}`] : [`network ${stranger}`, `account ${account}`]
}

function sinceOf({ parties }: Work): readonly number[] {
  return parties.map(({ since }) => since)
}

function placesOf({ parties }: Work): readonly number[] {
  return parties.map(({ places }) => places)
}

/** The first of those that come before all others. */
function first(waiters: readonly Waiter[], order: (one: Waiter, other: Waiter) => number): Waiter | undefined {
  return waiters.reduce<Waiter | undefined>(
    (best, waiter) => (best === undefined || order(waiter, best) < 0 ? waiter : best),
    undefined,
  )
}

function compare(one: readonly number[], other: readonly number[]): number {
  const at = one.findIndex((number, index) => number !== other[index])
  return at === -1 ? one.length - other.length : (one[at] ?? 0) - (other[at] ?? 0)
}
