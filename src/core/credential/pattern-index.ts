/** Up to here it takes longer to prepare than to look for one pattern after the other. */
const shortText = 2_000

/** As many characters as every pattern has. */
const prefixLength = 4
const slots = 65_536

/** Which of the patterns, of four characters or more each, any of the texts holds. */
export function patternsIn(texts: readonly string[], patterns: readonly string[]): ReadonlySet<string> {
  const found = new Set<string>()
  if (texts.every(({ length }) => length <= shortText)) {
    for (const pattern of patterns) if (texts.some((text) => text.includes(pattern))) found.add(pattern)
    return found
  }
  const index = new PatternIndex(patterns)
  for (const text of texts) index.find(text, found)
  return found
}

/**
 * Looks for many patterns at once: one pass over a text, however many there are. Wherever the last four characters are those that some
 * pattern begins with, the rest is compared.
 */
class PatternIndex {
  /** By the low bytes of the first four characters. */
  readonly #byPrefix = new Map<number, string[]>()
  /** Says of most prefixes that no pattern begins so, without a look at the map. */
  readonly #begins = new Uint8Array(slots)

  /** Throws `TypeError` for a pattern of fewer than four characters. */
  constructor(patterns: Iterable<string>) {
    for (const pattern of patterns) {
      if (pattern.length < prefixLength) throw new TypeError('a pattern has at least four characters')
      const prefix = prefixOf(pattern)
      const alike = this.#byPrefix.get(prefix)
      if (alike === undefined) this.#byPrefix.set(prefix, [pattern])
      else alike.push(pattern)
      this.#begins[slotOf(prefix)] = 1
    }
  }

  /** Adds the patterns that the text holds to `found`. */
  find(text: string, found: Set<string>): void {
    let last = 0
    for (let at = 0; at < text.length; at += 1) {
      last = (last << 8) | (text.charCodeAt(at) & 0xff)
      if (this.#begins[slotOf(last)] === 0 || at < prefixLength - 1) continue
      for (const pattern of this.#byPrefix.get(last) ?? []) {
        if (text.startsWith(pattern, at - prefixLength + 1)) found.add(pattern)
      }
    }
  }
}

function prefixOf(pattern: string): number {
  let prefix = 0
  for (let at = 0; at < prefixLength; at += 1) prefix = (prefix << 8) | (pattern.charCodeAt(at) & 0xff)
  return prefix
}

function slotOf(prefix: number): number {
  return Math.imul(prefix, 0x9e_37_79_b1) >>> 16
}
