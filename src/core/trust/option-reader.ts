/**
 * Reads the members of something that was written by hand, and keeps a note of what is wrong with them instead of stopping at the
 * first. What it answers with for a wrong member is never used: one fault refuses all that was written.
 */
export class OptionReader {
  readonly #members: Readonly<Record<string, unknown>>
  readonly #path: string
  readonly #faults: string[]

  constructor(members: Readonly<Record<string, unknown>>, faults: string[], path = '') {
    this.#members = members
    this.#faults = faults
    this.#path = path
  }

  /** Notes a sentence about a member, without its full stop. Values stay out of it: they may be secret. */
  fault(name: string, sentence: string): void {
    this.#faults.push(`${this.#path}${name} ${sentence}`)
  }

  has(name: string): boolean {
    return this.value(name) !== undefined
  }

  value(name: string): unknown {
    return Object.hasOwn(this.#members, name) ? this.#members[name] : undefined
  }

  get names(): readonly string[] {
    return Object.keys(this.#members)
  }

  refuseUnknown(known: readonly string[]): void {
    for (const name of this.names) {
      if (!known.includes(name)) this.fault(JSON.stringify(name.slice(0, 64)), `is unknown; known: ${known.join(', ')}`)
    }
  }

  optionalText(name: string, longest = 255): string | undefined {
    const value = this.value(name)
    if (value === undefined || isText(value, longest)) return value
    this.fault(name, textFault(longest))
    return undefined
  }

  text(name: string, longest = 255): string {
    if (!this.has(name)) this.fault(name, 'is missing')
    return this.optionalText(name, longest) ?? ''
  }

  /** At least one of them, unless `least` says otherwise: who leaves a list empty seldom means that. */
  optionalTexts(name: string, longest = 255, least: 0 | 1 = 1): readonly string[] | undefined {
    const value: unknown = this.value(name)
    if (value === undefined) return undefined
    const texts = Array.isArray(value) ? value.filter((text): text is string => isText(text, longest)) : []
    if (Array.isArray(value) && value.length >= least && texts.length === value.length) return [...new Set(texts)]
    const rest = least === 0 ? '' : ' with at least one in it; leave it out where nothing is meant'
    this.fault(name, `is not a list of texts${rest}`)
    return undefined
  }

  optionalWord<Word extends string>(name: string, words: readonly Word[]): Word | undefined {
    const value = this.value(name)
    if (value === undefined) return undefined
    const word = words.find((known) => known === value)
    if (word === undefined) this.fault(name, `is none of ${words.join(', ')}`)
    return word
  }

  optionalFlag(name: string): boolean | undefined {
    const value = this.value(name)
    if (value === undefined || typeof value === 'boolean') return value
    this.fault(name, 'is neither true nor false')
    return undefined
  }

  optionalSeconds(name: string, { least, most, tooMany }: SecondsBound): number | undefined {
    const value = this.value(name)
    if (value === undefined) return undefined
    if (typeof value === 'number' && Number.isInteger(value) && value >= least) {
      if (value <= most) return value
      this.fault(name, tooMany)
    } else this.fault(name, `is not a whole number of seconds, ${least} or more`)
    return undefined
  }

  /** A reader of the members of a member. */
  optionalObject(name: string): OptionReader | undefined {
    const value = this.value(name)
    if (value === undefined) return undefined
    if (isObject(value)) return new OptionReader(value, this.#faults, `${this.#path}${name}.`)
    this.fault(name, 'is not an object')
    return undefined
  }
}

export interface SecondsBound {
  readonly least: number
  readonly most: number
  /** What is said of more than that. */
  readonly tooMany: string
}

/** Whether it is an object of JSON, or one that could be written as such. */
export function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function isText(value: unknown, longest: number): value is string {
  return typeof value === 'string' && value !== '' && value.length <= longest && !/\p{C}/u.test(value)
}

function textFault(longest: number): string {
  return `is not a text of 1 to ${longest} characters that all show`
}
