/** Chooses what to look at next, where not everything can be looked at each time: what has waited longest comes first. */
export class LookRound<Item> {
  readonly #most: number
  readonly #keyOf: (item: Item) => string
  /** In which round each was chosen last. */
  #chosen: ReadonlyMap<string, number> = new Map()
  #round = 0

  /** `most` are chosen in one round. */
  constructor(most: number, keyOf: (item: Item) => string) {
    this.#most = most
    this.#keyOf = keyOf
  }

  next(items: readonly Item[]): Item[] {
    this.#round += 1
    const waiting = items.map((item) => ({ item, key: this.#keyOf(item), round: 0 }))
    for (const entry of waiting) entry.round = this.#chosen.get(entry.key) ?? 0
    const next = waiting.toSorted((one, other) => one.round - other.round).slice(0, this.#most)
    for (const entry of next) entry.round = this.#round
    this.#chosen = new Map(waiting.map(({ key, round }) => [key, round]))
    return next.map(({ item }) => item)
  }
}
