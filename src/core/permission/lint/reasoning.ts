import { compileRequirement, type CompiledRequirement } from '../graph/compiled-requirement.js'
import { NameTable } from '../graph/name-table.js'
import { noGrants } from '../grants.js'
import type { Requirement } from '../requirement/requirement.js'
import { choicesIn, onlyOne, type Choices } from './choice.js'
import { casesOf, constraintsOf, independentGroups, type Constraint, type Wanted } from './constraint.js'
import { keyOf, occurrencesIn, type Leaf } from './occurrence.js'
import { PartialWorld, type Atom, type State } from './partial-world.js'

/** `unknown` where finding out would take too long. */
export type Answer = 'yes' | 'no' | 'unknown'

const mostEvaluations = 20_000
const evaluationsAtOnce = 4

/**
 * What is true of requirements whoever calls, found by trying callers with the evaluation that decides calls. The evaluations
 * are those of all questions to one instance together.
 */
export class Reasoning {
  #left: number
  #gaveUp = false

  constructor(evaluations: number = mostEvaluations) {
    this.#left = evaluations
  }

  /** Whether some question found no answer. */
  get gaveUp(): boolean {
    return this.#gaveUp
  }

  /** Whether somebody could meet it, policies permitting. */
  canBeMet(requirement: Requirement): Answer {
    return this.#answer({ met: requirement, callers: 'consistent' })
  }

  /** Whether everybody meets it whose token and database agree, whatever policies say. */
  isMetByEverybody(requirement: Requirement): Answer {
    return opposite(this.#answer({ missed: requirement, callers: 'consistent' }))
  }

  /** Whether whoever meets the one always meets the other. */
  implies(one: Requirement, other: Requirement): Answer {
    return opposite(this.#answer({ met: one, missed: other, callers: 'all' }))
  }

  /** Whether there is a caller who meets the one and misses the other. */
  #answer(wanted: Wanted): Answer {
    let answer: Answer = 'no'
    for (const one of casesOf(wanted)) {
      const found = this.#search(one)
      if (found === 'yes') return found
      if (found === 'unknown') answer = found
    }
    if (answer === 'unknown') this.#gaveUp = true
    return answer
  }

  #search(wanted: Wanted): Answer {
    if (!this.#spend()) return 'unknown'
    const choices = choicesIn(constraintsOf(wanted), wanted.callers)
    const { byLeaf, rest } = choices
    if ([...byLeaf.values()].some(({ states }) => states.length === 0)) return 'no'
    let answer: Answer = 'yes'
    for (const group of independentGroups(rest, (key) => byLeaf.get(key)?.states.length !== 1)) {
      const found = this.#searchGroup(group, choices)
      if (found === 'no') return found
      if (found === 'unknown') answer = found
    }
    return answer
  }

  #searchGroup(group: readonly Constraint[], { byLeaf }: Choices): Answer {
    const names = new NameTable()
    const parts = (wanted: Constraint['wish']): readonly Requirement[] =>
      group.flatMap(({ part, wish }) => (wish === wanted ? [part] : []))
    const met = compileRequirement({ kind: 'allOf', of: parts('met') }, names)
    const missed = compileRequirement({ kind: 'anyOf', of: parts('missed') }, names)
    const keys = new Set(group.flatMap(({ part }) => occurrencesIn(part)).map(({ leaf }) => keyOf(leaf)))
    const choices = [...keys]
      .flatMap((key) => byLeaf.get(key) ?? [])
      .map(({ leaf, states }) => ({ atom: atomOf(leaf, names), states }))
    const world = new PartialWorld(names.bitsOf(noGrants))
    for (const { atom, states } of choices) world.set(atom, onlyOne(states) ?? 'open')
    const open = choices.filter(({ states }) => onlyOne(states) === undefined)
    return this.#try({ met, missed, choices: open, world }, 0)
  }

  #try(attempt: Attempt, at: number): Answer {
    if (!this.#spend()) return 'unknown'
    const judged = judge(attempt)
    if (judged !== 'open') return judged
    const choice = attempt.choices[at]
    if (choice === undefined) return 'unknown'
    for (const state of choice.states) {
      attempt.world.set(choice.atom, state)
      const answer = this.#try(attempt, at + 1)
      if (answer !== 'no') return answer
    }
    attempt.world.set(choice.atom, 'open')
    return 'no'
  }

  #spend(): boolean {
    if (this.#left < evaluationsAtOnce) return false
    this.#left -= evaluationsAtOnce
    return true
  }
}

interface Choice {
  readonly atom: Atom
  readonly states: readonly State[]
}

interface Attempt {
  readonly met: CompiledRequirement
  readonly missed: CompiledRequirement
  readonly choices: readonly Choice[]
  readonly world: PartialWorld
}

/** Whether the caller is found, or is not to be found this way, as far as they are settled. */
function judge({ met, missed, world }: Attempt): 'yes' | 'no' | 'open' {
  const first = world.judge(met)
  if (first === 'missed') return 'no'
  const second = world.judge(missed)
  if (second === 'met') return 'no'
  return first === 'met' && second === 'missed' ? 'yes' : 'open'
}

function atomOf(leaf: Leaf, names: NameTable): Atom {
  return leaf.kind === 'grant' ? { at: names.intern(leaf.category, leaf.name) } : { policy: leaf.policy.key }
}

function opposite(answer: Answer): Answer {
  if (answer === 'unknown') return answer
  return answer === 'yes' ? 'no' : 'yes'
}
