import { categories, eachCategory, type Category, type Grants } from '../grants.js'

/** Bits by position, 32 to a word. */
export type Bits = Uint32Array

/** Some of the bits: word and bits in turn, so that a test touches only what it asks for. */
export type Mask = readonly number[]

/** The names that requirements ask for, each with a position of its own. */
export class NameTable {
  readonly #positions: Readonly<Record<Category, Map<string, number>>> = {
    roles: new Map(),
    groups: new Map(),
    scopes: new Map(),
    resources: new Map(),
    permissions: new Map(),
  }
  #size = 0

  get size(): number {
    return this.#size
  }

  /** The position of a name, given out at the first time. */
  intern(category: Category, name: string): number {
    const names = this.#positions[category]
    const known = names.get(name)
    if (known !== undefined) return known
    names.set(name, this.#size)
    this.#size += 1
    return this.#size - 1
  }

  /** What is held of the names in the table. */
  bitsOf(grants: Grants): Bits {
    const bits = new Uint32Array(Math.ceil(this.#size / 32))
    for (const category of categories) {
      const positions = this.#positions[category]
      if (positions.size === 0) continue
      for (const name of grants[category]) {
        const position = positions.get(name)
        if (position !== undefined) setBit(bits, position)
      }
    }
    return bits
  }

  /** Adds every name of these categories. */
  fill(bits: Bits, filled: readonly Category[]): void {
    for (const category of filled) for (const position of this.#positions[category].values()) setBit(bits, position)
  }

  /** Every name that is asked for, by category, in the order in which they were met. */
  names(): Grants {
    return eachCategory((category) => [...this.#positions[category].keys()])
  }
}

/** The mask of these positions. */
export function maskOf(positions: readonly number[]): Mask {
  const words = new Map<number, number>()
  for (const position of positions) {
    const word = position >>> 5
    words.set(word, (words.get(word) ?? 0) | (1 << (position & 31)))
  }
  return [...words].flat()
}

/** Whether all bits of the mask are set. A mask that asks beyond the bits is not met. */
export function hasAll(bits: Bits, mask: Mask): boolean {
  for (let at = 0; at < mask.length; at += 2) {
    const asked = mask[at + 1] ?? 0
    if (((bits[mask[at] ?? -1] ?? 0) & asked) !== asked) return false
  }
  return true
}

/** Whether some bit of the mask is set. */
export function hasAny(bits: Bits, mask: Mask): boolean {
  for (let at = 0; at < mask.length; at += 2) {
    if (((bits[mask[at] ?? -1] ?? 0) & (mask[at + 1] ?? 0)) !== 0) return true
  }
  return false
}

/** What both have. */
export function intersect(bits: Bits, other: Bits): Bits {
  return bits.map((word, index) => word & (other[index] ?? 0))
}

/** What one of them has. */
export function unite(bits: Bits, other: Bits): Bits {
  return bits.map((word, index) => word | (other[index] ?? 0))
}

function setBit(bits: Bits, position: number): void {
  const word = position >>> 5
  bits[word] = (bits[word] ?? 0) | (1 << (position & 31))
}
