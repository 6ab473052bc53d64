import { createHash } from 'node:crypto'
import type { Asker } from '../asker.js'
import { noGrants, type Grants } from '../grants.js'
import type { Holding } from '../holding.js'
import type { Protected, Protection } from '../protection.js'
import { requirementToJson } from '../requirement/requirement-json.js'
import { partsOf, type PolicyReference, type Requirement } from '../requirement/requirement.js'
import {
  compileRequirement,
  evaluate,
  nextPolicy,
  type CompiledRequirement,
  type HeldBits,
  type PolicyAnswers,
  type Verdict,
} from './compiled-requirement.js'
import { explainAccess, type AccessExplanation } from './explanation.js'
import { intersect, maskOf, NameTable, unite, type Bits } from './name-table.js'
import { elevatableScopes, isElevatable, obtainableScopes, offeredBy, scopesToAdd } from './step-up.js'

/** What one caller can reach: what is theirs, and what a policy decides on each call. */
export interface Reachable<Item> {
  readonly allowed: readonly Item[]
  readonly undecided: readonly Item[]
}

/**
 * Operations, requirements and grants as one graph, compiled once: the only place that decides. Every question, whether for
 * a list, a call or an explanation, is answered by the same evaluation.
 */
export class PermissionGraph<Item extends Protected = Protected> {
  /** Names the operations and what they demand, policies by name; another one as soon as any of it differs. */
  readonly version: string
  readonly items: readonly Item[]
  readonly #names = new NameTable()
  readonly #compiled = new Map<Item, CompiledRequirement>()
  readonly #byName: ReadonlyMap<string, Item>
  /** Names under a `not`: of what is merely mentioned, only these count. */
  readonly #negated: Bits
  /** Scopes that callers may be told to ask for; `undefined` where no operation is elevatable. */
  readonly #elevatable: Bits | undefined
  readonly #held = new WeakMap<Holding, HeldBits>()
  /** Requirements inside others, for explanations. */
  readonly #parts = new WeakMap<Requirement, CompiledRequirement>()

  constructor(items: readonly Item[]) {
    this.items = items
    this.#byName = new Map(items.map((item) => [item.name, item]))
    for (const item of items) {
      const { protection } = item
      if (protection.access === 'protected') {
        this.#compiled.set(item, compileRequirement(protection.requirement, this.#names))
      }
    }
    this.#negated = this.#negatedNames()
    const scopes = items.flatMap(elevatableScopes)
    this.#elevatable = scopes.length === 0 ? undefined : this.#names.bitsOf({ ...noGrants, scopes })
    this.version = createHash('sha256')
      .update(JSON.stringify(items.map(fingerprint)))
      .digest('base64url')
      .slice(0, 16)
  }

  /** The names that requirements ask for. */
  get names(): Grants {
    return this.#names.names()
  }

  find(name: string): Item | undefined {
    return this.#byName.get(name)
  }

  /**
   * Whether this caller may use the operation; `unknown` where a policy that has not answered has the last word. An item that is
   * not of this graph is nobody's.
   */
  decide(item: Item, asker: Asker, answers?: PolicyAnswers): Verdict {
    const { protection } = item
    if (protection.access === 'public') return 'allow'
    if (protection.access === 'login') return asker.login === 'offered' ? 'allow' : 'deny'
    const { holding } = asker
    const compiled = this.#compiled.get(item)
    if (holding === undefined || compiled === undefined || !mayEnter(holding)) return 'deny'
    if (protection.bearerOnly === true && asker.credential !== 'bearer') return 'deny'
    return evaluate(compiled, this.#heldBy(holding), answers)
  }

  /** The policy that has to be asked next before the call can be decided, if any. */
  nextPolicy(item: Item, asker: Asker, answers: PolicyAnswers): PolicyReference | undefined {
    const compiled = this.#compiled.get(item)
    if (compiled === undefined || asker.holding === undefined) return undefined
    // Nobody is asked about somebody who is refused anyway.
    if (this.decide(item, asker, answers) !== 'unknown') return undefined
    return nextPolicy(compiled, this.#heldBy(asker.holding), answers)
  }

  /**
   * The scopes that a bearer lacks for an elevatable operation which nothing else keeps it from, none that it does not need;
   * `undefined` where there are none, or more is missing. The tenant's database grants each of them.
   */
  stepUpFor(item: Item, asker: Asker): readonly string[] | undefined {
    const { credential, holding } = asker
    const compiled = this.#compiled.get(item)
    if (holding === undefined || compiled === undefined || !isElevatable(item)) return undefined
    if (credential !== 'bearer' || !mayEnter(holding) || this.decide(item, asker) !== 'deny') return undefined
    const { effective, mentioned } = this.#heldBy(holding)
    return scopesToAdd(offeredBy(elevatableScopes(item), holding), (scopes) => {
      const added = this.#names.bitsOf({ ...noGrants, scopes })
      return evaluate(compiled, { effective: unite(effective, added), mentioned: unite(mentioned, added) })
    })
  }

  /** What is listed for this caller, in the order of declaration: everything but what is certainly refused even after a step-up. */
  listFor(asker: Asker): readonly Item[] {
    return this.items.filter((item) => this.decide(item, asker) !== 'deny' || this.stepUpFor(item, asker) !== undefined)
  }

  /** The same, told apart by whether a policy still has a say. */
  reachable(asker: Asker): Reachable<Item> {
    const verdicts = this.items.map((item) => ({ item, verdict: this.decide(item, asker) }))
    const of = (wanted: Verdict): Item[] => verdicts.flatMap(({ item, verdict }) => (verdict === wanted ? [item] : []))
    return { allowed: of('allow'), undecided: of('unknown') }
  }

  /** Those of the candidates who may use the operation, or may unless a policy refuses. */
  whoCan<Candidate extends { readonly asker: Asker }>(
    item: Item,
    candidates: readonly Candidate[],
  ): readonly (Candidate & { readonly verdict: Exclude<Verdict, 'deny'> })[] {
    return candidates.flatMap((candidate) => {
      const verdict = this.decide(item, candidate.asker)
      return verdict === 'deny' ? [] : [{ ...candidate, verdict }]
    })
  }

  /** Why the decision falls as it does, down to each grant. Throws `TypeError` for an item that is not of this graph. */
  explain(item: Item, asker: Asker, answers?: PolicyAnswers): AccessExplanation {
    if (this.#byName.get(item.name) !== item) throw new TypeError(`${item.name} is not in this graph`)
    return explainAccess(item, asker, {
      verdict: this.decide(item, asker, answers),
      stepUp: this.stepUpFor(item, asker),
      evaluate: (part, holding, sense) => {
        const held = this.#heldBy(holding)
        const meant = sense === 'effective' ? held : { effective: held.mentioned, mentioned: held.mentioned }
        return evaluate(this.#partOf(part), meant, answers)
      },
    })
  }

  /**
   * What this caller's list depends on: two callers with the same key are shown the same. The graph's version is in it, and not
   * more of what is held than the graph asks for.
   */
  keyOf({ holding, credential, login }: Asker): string {
    if (holding === undefined || !mayEnter(holding)) return `${this.version} ${login} -`
    const { effective, mentioned } = this.#heldBy(holding)
    const held = `${textOf(effective)} ${textOf(intersect(mentioned, this.#negated))}`
    return `${this.version} ${login} ${credential} ${held}${credential === 'bearer' ? this.#offeredTo(holding) : ''}`
  }

  /** What can be stepped up to is listed, so the list depends on it too. */
  #offeredTo(holding: Holding): string {
    if (this.#elevatable === undefined) return ''
    const obtainable = this.#names.bitsOf({ ...noGrants, scopes: obtainableScopes(holding) })
    return ` ${textOf(intersect(obtainable, this.#elevatable))}`
  }

  #partOf(part: Requirement): CompiledRequirement {
    const known = this.#parts.get(part) ?? compileRequirement(part, this.#names)
    this.#parts.set(part, known)
    return known
  }

  #heldBy(holding: Holding): HeldBits {
    const known = this.#held.get(holding)
    if (known !== undefined) return known
    const mentioned = this.#names.bitsOf(holding.mentioned)
    this.#names.fill(mentioned, holding.unsure)
    const held = { effective: this.#names.bitsOf(holding.effective), mentioned }
    this.#held.set(holding, held)
    return held
  }

  #negatedNames(): Bits {
    const bits = this.#names.bitsOf({ roles: [], groups: [], scopes: [], resources: [], permissions: [] })
    const negations = this.items.flatMap(({ protection }) =>
      protection.access === 'protected' ? partsOf(protection.requirement).filter(({ kind }) => kind === 'not') : [],
    )
    const positions = negations
      .flatMap(partsOf)
      .flatMap((part) => (part.kind === 'grant' ? [this.#names.intern(part.category, part.name)] : []))
    const mask = maskOf(positions)
    for (let at = 0; at < mask.length; at += 2) bits[mask[at] ?? 0] = mask[at + 1] ?? 0
    return bits
  }
}

/** Only who is known to the tenant, and not disabled. */
export function mayEnter({ account }: Holding): boolean {
  return account === 'active' || account === 'signed-up'
}

function fingerprint({ name, protection }: Protected): unknown {
  return [name, protectionJson(protection)]
}

function protectionJson(protection: Protection): unknown {
  if (protection.access !== 'protected') return protection.access
  const elevatable = protection.elevatable === true ? ['elevatable'] : []
  return [protection.bearerOnly === true, requirementToJson(protection.requirement), ...elevatable]
}

function textOf(bits: Bits): string {
  let text = ''
  for (const word of bits) text += `${word.toString(36)}.`
  return text
}
