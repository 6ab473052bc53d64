/** The members of one stored JSON object, each read once. What is missing, of another type or left over is a `TypeError`. */
export class JsonMembers {
  readonly #members: Map<string, unknown>

  /** Throws `TypeError` for anything but an object. */
  constructor(value: unknown) {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) throw unreadable()
    this.#members = new Map(Object.entries(value))
  }

  text(name: string): string {
    const value = this.#take(name)
    if (typeof value !== 'string') throw unreadable()
    return value
  }

  optionalText(name: string): string | undefined {
    return this.#members.has(name) ? this.text(name) : undefined
  }

  number(name: string): number {
    const value = this.#take(name)
    if (typeof value !== 'number') throw unreadable()
    return value
  }

  optionalNumber(name: string): number | undefined {
    return this.#members.has(name) ? this.number(name) : undefined
  }

  texts(name: string): readonly string[] {
    const value = this.#take(name)
    if (!Array.isArray(value)) throw unreadable()
    return value.map((item: unknown) => {
      if (typeof item !== 'string') throw unreadable()
      return item
    })
  }

  optionalTexts(name: string): readonly string[] | undefined {
    return this.#members.has(name) ? this.texts(name) : undefined
  }

  word<Word extends string>(name: string, words: readonly Word[]): Word {
    const value = this.#take(name)
    const word = words.find((one) => one === value)
    if (word === undefined) throw unreadable()
    return word
  }

  object(name: string): JsonMembers {
    return new JsonMembers(this.#take(name))
  }

  optionalObject(name: string): JsonMembers | undefined {
    return this.#members.has(name) ? this.object(name) : undefined
  }

  /** Throws `TypeError` where a member was not read. */
  end(): void {
    if (this.#members.size > 0) throw unreadable()
  }

  #take(name: string): unknown {
    const value = this.#members.get(name)
    this.#members.delete(name)
    return value
  }
}

function unreadable(): TypeError {
  return new TypeError('a stored record is not in the form in which it was written')
}
