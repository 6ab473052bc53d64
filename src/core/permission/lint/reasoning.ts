import { compileRequirement, type CompiledRequirement } from '../graph/compiled-requirement.js'
import { NameTable } from '../graph/name-table.js'
import { noGrants } from '../grants.js'
import type { Requirement } from '../requirement/requirement.js'
import { choicesIn, onlyOne, type Wanted } from './choice.js'
import type { Leaf } from './occurrence.js'
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

  constructor(evaluations: number = mostEvaluations) {
    this.#left = evaluations
  }

  /** Whether somebody could meet it, policies permitting. */
  canBeMet(requirement: Requirement): Answer {
    return this.#search({ met: requirement, callers: 'consistent' })
  }

  /** Whether everybody meets it whose token and database agree, whatever policies say. */
  isMetByEverybody(requirement: Requirement): Answer {
    return opposite(this.#search({ missed: requirement, callers: 'consistent' }))
  }

  /** Whether whoever meets the one always meets the other. */
  implies(one: Requirement, other: Requirement): Answer {
    return opposite(this.#search({ met: one, missed: other, callers: 'all' }))
  }

  /** Whether there is a caller who meets the one and misses the other. */
  #search(wanted: Wanted): Answer {
    if (this.#left < evaluationsAtOnce) return 'unknown'
    const names = new NameTable()
    const met = wanted.met === undefined ? undefined : compileRequirement(wanted.met, names)
    const missed = wanted.missed === undefined ? undefined : compileRequirement(wanted.missed, names)
    const choices = choicesIn(wanted).map(({ leaf, states }) => ({ atom: atomOf(leaf, names), states }))
    const world = new PartialWorld(names.bitsOf(noGrants))
    for (const { atom, states } of choices) world.set(atom, onlyOne(states) ?? 'open')
    const open = choices.filter(({ states }) => onlyOne(states) === undefined)
    return this.#try({ met, missed, choices: open, world }, 0)
  }

  #try(attempt: Attempt, at: number): Answer {
    if (this.#left < evaluationsAtOnce) return 'unknown'
    this.#left -= evaluationsAtOnce
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
}

interface Choice {
  readonly atom: Atom
  readonly states: readonly State[]
}

interface Attempt {
  readonly met: CompiledRequirement | undefined
  readonly missed: CompiledRequirement | undefined
  readonly choices: readonly Choice[]
  readonly world: PartialWorld
}

/** Whether the caller is found, or is not to be found this way, as far as they are settled. */
function judge({ met, missed, world }: Attempt): 'yes' | 'no' | 'open' {
  const first = met === undefined ? 'met' : world.judge(met)
  if (first === 'missed') return 'no'
  const second = missed === undefined ? 'missed' : world.judge(missed)
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
