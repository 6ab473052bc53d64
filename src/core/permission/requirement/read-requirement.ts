import { categories, nounOf } from '../grants.js'
import { grantNameProblem } from './grant-name.js'
import { partsOf, type PolicyReference, type Requirement } from './requirement.js'

/** A requirement as it was when it was read, frozen all through, or everything that is wrong with it. */
export type ReadRequirement =
  | { readonly requirement: Requirement; readonly problems: readonly [] }
  | { readonly requirement: undefined; readonly problems: readonly string[] }

export const deepestRequirement = 32
export const mostRequirementParts = 1_000

/** Reads a tree made with `allOf`, `role` and the like. Only the copy is to be used: whoever holds the original may change it. */
export function readRequirement(value: unknown): ReadRequirement {
  const reading = new Reading()
  let requirement: Requirement | undefined
  try {
    requirement = reading.read(value, 0)
  } catch {
    return { requirement: undefined, problems: ['holds something that cannot be read'] }
  }
  const { problems } = reading
  if (requirement === undefined || problems.length > 0) return { requirement: undefined, problems }
  return { requirement, problems: [] }
}

class Reading {
  readonly problems: string[] = []
  #parts = 0

  read(value: unknown, depth: number): Requirement | undefined {
    this.#parts += 1
    if (depth > deepestRequirement) return this.#refuse(`is nested more than ${deepestRequirement} deep`)
    if (this.#parts > mostRequirementParts) return this.#refuse(`has more than ${mostRequirementParts} parts`)
    if (!isRecord(value))
      return this.#refuse('holds something that is no requirement: use role(), allOf() and the like')
    const kind = own(value, 'kind')
    if (kind === 'grant') return this.#grant(own(value, 'category'), own(value, 'name'))
    if (kind === 'allOf' || kind === 'anyOf') return this.#list(kind, own(value, 'of'), depth)
    if (kind === 'not') return this.#not(own(value, 'of'), depth)
    if (kind === 'policy') return this.#policy(own(value, 'policy'))
    return this.#refuse('holds something that is no requirement: use role(), allOf() and the like')
  }

  #grant(category: unknown, name: unknown): Requirement | undefined {
    const known = categories.find((one) => one === category)
    if (known === undefined) return this.#refuse('holds a grant of no category')
    const problem = grantNameProblem(known, name)
    if (problem !== undefined || typeof name !== 'string')
      return this.#refuse(`holds a ${nounOf(known)} that ${problem}`)
    return Object.freeze({ kind: 'grant', category: known, name })
  }

  #list(kind: 'allOf' | 'anyOf', of: unknown, depth: number): Requirement | undefined {
    const parts: Requirement[] = []
    const length = Array.isArray(of) ? of.length : 0
    if (!Array.isArray(of) || !(length > 0)) return this.#refuse(`has an ${kind}() of nothing: name what is demanded`)
    // By index: what a list says of itself by other means, such as an iterator of its own, must not make it shorter.
    for (let index = 0; index < length && this.#parts <= mostRequirementParts; index += 1) {
      const part = this.read(own(of, index), depth + 1)
      if (part !== undefined) parts.push(part)
    }
    return parts.length === length ? Object.freeze({ kind, of: Object.freeze(parts) }) : undefined
  }

  #not(of: unknown, depth: number): Requirement | undefined {
    const inner = this.read(of, depth + 1)
    if (inner === undefined) return undefined
    const barred = partsOf(inner).find(({ kind }) => kind === 'not' || kind === 'policy')
    if (barred === undefined) return Object.freeze({ kind: 'not', of: inner })
    return this.#refuse(`has a not() over ${barred.kind}(): what is lost or undecided there must not grant`)
  }

  #policy(value: unknown): Requirement | undefined {
    if (!isRecord(value)) return this.#refuse('holds a policy() of nothing')
    const [name, key, milliseconds] = [own(value, 'name'), own(value, 'key'), own(value, 'milliseconds')]
    if (typeof key !== 'function') {
      return this.#refuse(
        'holds a policy() of something that is no class: perhaps its module is part of an import circle',
      )
    }
    const prototype: unknown = key.prototype
    if (!isRecord(prototype) || typeof prototype['decide'] !== 'function') {
      return this.#refuse(`holds the policy ${key.name}, which has no method decide(user, call)`)
    }
    if (typeof milliseconds !== 'number' || !(milliseconds > 0) || milliseconds > 60_000) {
      return this.#refuse(`gives the policy ${key.name} no time: milliseconds is above 0 and at most 60000`)
    }
    const policy: PolicyReference = Object.freeze({ name: String(name), key, milliseconds })
    return Object.freeze({ kind: 'policy', policy })
  }

  /** A requirement that is far too large says so once. */
  #refuse(problem: string): undefined {
    if (this.problems.at(-1) !== problem) this.problems.push(problem)
    return undefined
  }
}

/** What is inherited was not written here. */
function own(value: object, key: string | number): unknown {
  return Object.hasOwn(value, key) ? Reflect.get(value, key) : undefined
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null
}
