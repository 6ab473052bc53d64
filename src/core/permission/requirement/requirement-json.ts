import { ConfigurationError } from '../../error/configuration-error.js'
import { categories, nounOf, type Category } from '../grants.js'
import { grant } from './builders.js'
import { grantNameProblem } from './grant-name.js'
import { deepestRequirement, mostRequirementParts, readRequirement } from './read-requirement.js'
import { authenticated, requirementOf, type PolicyReference, type Requirement } from './requirement.js'

type Noun = ReturnType<typeof nounOf>

/**
 * A requirement as JSON: the flat form (`{}` is every authenticated user), or a tree. A policy is named only; the class stays
 * in the code.
 */
export type RequirementJson =
  | (Readonly<Partial<Record<Category, readonly string[]>>> & { readonly requireAll?: boolean })
  | { readonly allOf: readonly RequirementJson[] }
  | { readonly anyOf: readonly RequirementJson[] }
  | { readonly not: RequirementJson }
  | { readonly policy: string }
  | { readonly [Key in Noun]: Readonly<Record<Key, string>> }[Noun]

/** The tree form of a requirement; `{}` for every authenticated user. */
export function requirementToJson(requirement: Requirement): RequirementJson {
  switch (requirement.kind) {
    case 'allOf':
      return requirement.of.length === 0 ? {} : { allOf: requirement.of.map(requirementToJson) }
    case 'anyOf':
      return { anyOf: requirement.of.map(requirementToJson) }
    case 'not':
      return { not: requirementToJson(requirement.of) }
    case 'policy':
      return { policy: requirement.policy.name }
    case 'grant':
      return grantToJson(requirement.category, requirement.name)
  }
}

/**
 * The requirement that JSON of either form stands for. `findPolicy` knows the policies by name; without it there are none.
 * Throws `ConfigurationError` with everything that is wrong.
 */
export function requirementFromJson(
  json: unknown,
  findPolicy: (name: string) => PolicyReference | undefined = () => undefined,
): Requirement {
  const problems: string[] = []
  const tree = new JsonReading(problems, findPolicy).read(json, root)
  if (tree === authenticated && problems.length === 0) return authenticated
  const { requirement, problems: found } = readRequirement(tree)
  const all = tree === undefined ? problems : [...problems, ...found.map((problem) => `the requirement ${problem}`)]
  if (requirement !== undefined && problems.length === 0) return requirement
  throw new ConfigurationError('ERR_CONFIG_REQUIREMENT', all.join('; '))
}

interface Place {
  readonly place: string
  readonly depth: number
}

const root: Place = { place: 'the requirement', depth: 0 }
const mostProblems = 20
const longestShown = 60
const flatKeys: readonly string[] = [...categories, 'requireAll']

class JsonReading {
  readonly #problems: string[]
  readonly #findPolicy: (name: string) => PolicyReference | undefined
  #parts = 0

  constructor(problems: string[], findPolicy: (name: string) => PolicyReference | undefined) {
    this.#problems = problems
    this.#findPolicy = findPolicy
  }

  read(json: unknown, at: Place): Requirement | undefined {
    if (at.depth > deepestRequirement) return this.#refuse(at, `is nested more than ${deepestRequirement} deep`)
    this.#parts += 1
    if (this.#parts > mostRequirementParts) return this.#refuse(root, `has more than ${mostRequirementParts} parts`)
    if (!isPlain(json)) return this.#refuse(at, 'is no object as JSON has them')
    const keys = Object.keys(json)
    if (keys.length !== Reflect.ownKeys(json).length) return this.#refuse(at, 'is no object as JSON has them')
    const record: Readonly<Record<string, unknown>> = { ...json }
    if (keys.every((key) => flatKeys.includes(key))) return this.#flat(record, at)
    const [key = '', other] = keys
    if (other !== undefined) {
      return this.#refuse(at, `has ${shown(key)} and ${shown(other)}: a part of a tree has one member`)
    }
    return this.#node(key, record[key], at)
  }

  #node(key: string, value: unknown, at: Place): Requirement | undefined {
    const inside = { place: `${at.place}.${key}`, depth: at.depth + 1 }
    const category = categories.find((one) => nounOf(one) === key)
    if (category !== undefined) {
      const problem = grantNameProblem(category, value)
      if (problem !== undefined || typeof value !== 'string') return this.#refuse(inside, problem ?? 'is no name')
      return grant(category, value)
    }
    if (key === 'allOf' || key === 'anyOf') return this.#list(key, value, inside)
    if (key === 'not') {
      const of = this.read(value, inside)
      return of === undefined ? undefined : { kind: 'not', of }
    }
    return key === 'policy' ? this.#policy(value, inside) : this.#refuse(at, `has an unknown member ${shown(key)}`)
  }

  #list(kind: 'allOf' | 'anyOf', value: unknown, at: Place): Requirement | undefined {
    if (!Array.isArray(value) || value.length === 0) return this.#refuse(at, 'is no list of requirements')
    const of: Requirement[] = []
    const { length } = value
    for (let index = 0; index < Math.min(length, mostRequirementParts); index += 1) {
      const part = this.read(value[index], { ...at, place: `${at.place}[${index}]` })
      if (part !== undefined) of.push(part)
    }
    return of.length === length ? { kind, of } : undefined
  }

  #policy(value: unknown, at: Place): Requirement | undefined {
    const found = typeof value === 'string' ? this.#findPolicy(value) : undefined
    return found === undefined
      ? this.#refuse(at, `names no policy that is known here: ${shown(value)}`)
      : { kind: 'policy', policy: found }
  }

  #flat(record: Readonly<Record<string, unknown>>, at: Place): Requirement | undefined {
    const before = this.#problems.length
    const listed: Partial<Record<Category, readonly string[]>> = {}
    for (const category of categories) {
      if (category in record) listed[category] = this.#names(category, record[category], at)
    }
    const { requireAll = false } = record
    if (typeof requireAll !== 'boolean') this.#refuse(at, 'has a requireAll that is neither true nor false')
    const count = Object.keys(listed).length
    if (count > 1 && !('requireAll' in record)) this.#refuse(at, 'lists several categories: say requireAll')
    if (count === 0 && 'requireAll' in record) this.#refuse(at, 'says requireAll of nothing')
    if (this.#problems.length > before) return undefined
    // Only at the root: inside a tree it would say nothing, or that everybody may.
    if (count === 0) return at.depth === 0 ? authenticated : this.#refuse(at, 'demands nothing')
    return requirementOf({ requireAll: requireAll === true, listed })
  }

  #names(category: Category, value: unknown, at: Place): readonly string[] {
    const place = `${at.place}.${category}`
    if (!Array.isArray(value) || value.length === 0 || value.length > mostRequirementParts) {
      this.#refuse({ ...at, place }, `is no list of 1 to ${mostRequirementParts} names`)
      return []
    }
    const names = Array.from({ length: value.length }, (_, index): unknown => value[index])
    names.forEach((name, index) => {
      const problem = names.indexOf(name) === index ? grantNameProblem(category, name) : 'is there already'
      if (problem !== undefined) this.#refuse({ ...at, place: `${place}[${index}]` }, problem)
    })
    return names.filter((name) => typeof name === 'string')
  }

  #refuse({ place }: Place, problem: string): undefined {
    const text = `${place} ${problem}`
    if (this.#problems.at(-1) !== text && this.#problems.length < mostProblems) this.#problems.push(text)
    return undefined
  }
}

function grantToJson(category: Category, name: string): RequirementJson {
  switch (category) {
    case 'roles':
      return { role: name }
    case 'groups':
      return { group: name }
    case 'scopes':
      return { scope: name }
    case 'resources':
      return { resource: name }
    case 'permissions':
      return { permission: name }
  }
}

/** What `JSON.parse` makes: a map, a date or a promise has no members of its own, and would say that everybody may. */
function isPlain(json: unknown): json is object {
  if (typeof json !== 'object' || json === null || Array.isArray(json)) return false
  const prototype: unknown = Object.getPrototypeOf(json)
  if (typeof prototype !== 'object' || prototype === null) return prototype === null
  // Also the root of another realm, as test runners have.
  return Object.getPrototypeOf(prototype) === null && Object.hasOwn(prototype, 'hasOwnProperty')
}

function shown(value: unknown): string {
  const text = JSON.stringify(value) ?? typeof value
  return text.length > longestShown ? `${text.slice(0, longestShown)}…` : text
}
