import { looksOf, similarName, type SimilarName } from '../permission/lint/similar-name.js'
import { categories, nounOf, type Category, type Grants } from '../permission/grants.js'

/** So many that comparing a name with each of them takes no time worth mentioning. */
const mostCompared = 500

/** The names that a tenant has to grant, and those that are about to be added. */
export class KnownNames {
  readonly #names: Readonly<Record<Category, Set<string>>>
  /** By category and look. */
  readonly #looks = new Map<string, string>()
  readonly #unknown = new Map<string, string>()

  constructor(names: Grants) {
    this.#names = {
      roles: new Set(names.roles),
      groups: new Set(names.groups),
      scopes: new Set(names.scopes),
      resources: new Set(names.resources),
      permissions: new Set(names.permissions),
    }
    for (const category of categories) for (const name of names[category]) this.#notice(category, name)
  }

  has(category: Category, name: string): boolean {
    return this.#names[category].has(name)
  }

  /** Takes a name in. Answers with the reason, instead, where readers would take it for another one. */
  add(category: Category, name: string): string | undefined {
    const alike = looksOf(name).map((look) => this.#looks.get(`${category} ${look}`))
    const other = alike.find((known) => known !== undefined && known !== name)
    if (other !== undefined) {
      return `the ${nounOf(category)} ${quoted(name)} could be taken for ${quoted(other)}, which is there already`
    }
    this.#names[category].add(name)
    this.#notice(category, name)
    return undefined
  }

  remove(category: Category, name: string): void {
    this.#names[category].delete(name)
  }

  /** Why a name cannot be spoken of: it is not there. */
  faultOf(category: Category, name: string): string | undefined {
    if (this.has(category, name)) return undefined
    const key = `${category} ${name}`
    const known = this.#unknown.get(key)
    if (known !== undefined) return known
    const names = this.#names[category]
    const similar = names.size > mostCompared ? undefined : similarName(name, [...names])
    const fault = `there is no ${nounOf(category)} ${quoted(name)}${hintOf(similar)}`
    this.#unknown.set(key, fault)
    return fault
  }

  #notice(category: Category, name: string): void {
    for (const look of looksOf(name)) this.#looks.set(`${category} ${look}`, name)
  }
}

function hintOf(similar: SimilarName | undefined): string {
  if (similar === undefined) return ''
  const { difference, name } = similar
  return difference === 'look-alike' ? `; it only looks like ${quoted(name)}` : `; did you mean ${quoted(name)}?`
}

/** A name as it stands in a sentence: plainly, or as a JSON string where its end could not be seen. */
export function quoted(name: string): string {
  return /^[\x21-\x7e]+$/.test(name) ? name : JSON.stringify(name)
}
