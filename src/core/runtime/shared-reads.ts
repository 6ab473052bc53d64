/**
 * Reads of the same that are asked for in one turn of the event loop are one read, which begins at the end of that turn: nothing is
 * remembered, and each caller gets, or is refused, what is so after it asked.
 */
export class SharedReads<Key extends readonly string[], Value> {
  readonly #read: (...key: Key) => Promise<Value>
  readonly #asked = new Map<string, Promise<Value>>()

  constructor(read: (...key: Key) => Promise<Value>) {
    this.#read = read
  }

  read(...key: Key): Promise<Value> {
    const name = JSON.stringify(key)
    const asked = this.#asked.get(name)
    if (asked !== undefined) return asked
    const reading = this.#begin(name, key)
    this.#asked.set(name, reading)
    return reading
  }

  async #begin(name: string, key: Key): Promise<Value> {
    await new Promise(setImmediate)
    this.#asked.delete(name)
    return this.#read(...key)
  }
}
