const deepest = 64
const mostParts = 10_000
const longestText = 65_536

/**
 * The JSON of a value with the members of each object in order of their names, so that equal values have equal texts. Bounded, and
 * never throws: what is too deep, too much, or cannot be read or said in JSON, has a mark in its place.
 */
export function canonicalJson(value: unknown): string {
  return new CanonicalText().of(value, 0)
}

class CanonicalText {
  #parts = 0

  of(value: unknown, depth: number): string {
    this.#parts += 1
    if (this.#parts > mostParts) return '<more>'
    if (typeof value === 'string') return textOf(value)
    if (typeof value === 'number' || typeof value === 'boolean') return String(value)
    if (typeof value === 'bigint') return `<bigint ${value}>`
    if (value === null || value === undefined) return 'null'
    if (typeof value !== 'object') return `<${typeof value}>`
    if (depth === deepest) return '<deep>'
    try {
      return Array.isArray(value) ? this.#list(value, depth + 1) : this.#members(value, depth + 1)
    } catch {
      return '<unreadable>'
    }
  }

  #list(list: readonly unknown[], depth: number): string {
    const texts: string[] = []
    for (let index = 0; index < list.length && this.#parts <= mostParts; index += 1) {
      texts.push(this.#read(list, index, depth))
    }
    return `[${texts.join(',')}]`
  }

  #members(object: object, depth: number): string {
    const texts: string[] = []
    for (const name of Object.keys(object).toSorted()) {
      if (this.#parts > mostParts) break
      texts.push(`${textOf(name)}:${this.#read(object, name, depth)}`)
    }
    return `{${texts.join(',')}}`
  }

  /** A getter may throw. */
  #read(holder: object, key: string | number, depth: number): string {
    let value: unknown
    try {
      value = Reflect.get(holder, key)
    } catch {
      return '<unreadable>'
    }
    return this.of(value, depth)
  }
}

/** Of a long text as much as tells it from others, and its length. */
function textOf(text: string): string {
  return text.length > longestText
    ? `<${text.length} ${JSON.stringify(text.slice(0, longestText))}>`
    : JSON.stringify(text)
}
