import { VaultError } from './vault-error.js'

/** A part of an answer, read by name. Each reader throws `VaultError` (`malformed`) where the answer is not as Vault's are. */
export class VaultAnswer {
  readonly #members: Readonly<Record<string, unknown>>

  private constructor(members: Readonly<Record<string, unknown>>) {
    this.#members = members
  }

  static of(value: unknown): VaultAnswer {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) throw malformed()
    return new VaultAnswer(Object.fromEntries(Object.entries(value)))
  }

  /** Whether there is anything of that name. */
  has(name: string): boolean {
    return (this.#members[name] ?? undefined) !== undefined
  }

  part(name: string): VaultAnswer {
    return VaultAnswer.of(this.#members[name])
  }

  text(name: string): string {
    const value = this.#members[name]
    if (typeof value !== 'string' || value === '') throw malformed()
    return value
  }

  /** A whole number, from 0. */
  count(name: string): number {
    const value = this.#members[name]
    if (typeof value !== 'number' || !Number.isSafeInteger(value) || value < 0) throw malformed()
    return value
  }

  /** `false` where nothing is said. */
  flag(name: string): boolean {
    return this.#members[name] === true
  }

  texts(name: string): readonly string[] {
    const value = this.#members[name]
    if (!Array.isArray(value)) throw malformed()
    return value.map((item: unknown) => {
      if (typeof item !== 'string') throw malformed()
      return item
    })
  }

  /** All texts of it. `others` says what becomes of what is none. */
  members(others: 'refuse' | 'skip'): Readonly<Record<string, string>> {
    const entries = Object.entries(this.#members).filter((entry): entry is [string, string] => {
      const isText = typeof entry[1] === 'string'
      if (!isText && others === 'refuse') throw malformed()
      return isText
    })
    // `fromEntries` defines, so that a member may be called `__proto__`.
    return Object.fromEntries(entries)
  }
}

function malformed(): VaultError {
  return new VaultError({ kind: 'malformed' }, 'an answer of Vault is not what it should be')
}
