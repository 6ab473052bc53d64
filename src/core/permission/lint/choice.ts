import type { Constraint } from './constraint.js'
import { keyOf, occurrencesIn, type Leaf, type LeafKey, type Occurrence } from './occurrence.js'
import type { State } from './partial-world.js'

type Settled = Exclude<State, 'open'>

/** A leaf and the states of it that are worth trying: none where contrary things are wanted of it. */
export interface Choice {
  readonly leaf: Leaf
  readonly states: readonly Settled[]
}

/** What there is to choose. */
export interface Choices {
  readonly byLeaf: ReadonlyMap<LeafKey, Choice>
  /** The constraints that are not about one leaf alone, which are met or missed by every choice. */
  readonly rest: readonly Constraint[]
}

/**
 * What is to be tried of each leaf in the constraints. A state that serves less of what is wanted than another one is left out.
 */
export function choicesIn(constraints: readonly Constraint[], callers: 'consistent' | 'all'): Choices {
  const leaves = new Map<LeafKey, { leaf: Leaf; states: readonly Settled[]; wanted: Set<Wish> }>()
  const rest: Constraint[] = []
  for (const constraint of constraints) {
    const occurrences = occurrencesIn(constraint.part)
    const alone = isAboutOne(constraint)
    if (!alone) rest.push(constraint)
    for (const { leaf, sense } of occurrences) {
      const all = callers === 'all' && leaf.kind === 'grant' ? every : consistent
      const known = leaves.get(keyOf(leaf)) ?? { leaf, states: all, wanted: new Set() }
      leaves.set(keyOf(leaf), known)
      if (alone) known.states = known.states.filter((state) => settles(constraint, state))
      else known.wanted.add(wishes[constraint.wish][sense])
    }
  }
  const choices = [...leaves].map(([key, { leaf, states, wanted }]): [LeafKey, Choice] => {
    return [key, { leaf, states: worthTrying(states, wanted) }]
  })
  return { byLeaf: new Map(choices), rest }
}

/** The state, where there is no choice. */
export function onlyOne(states: readonly State[]): State | undefined {
  return states.length === 1 ? states[0] : undefined
}

/** What an occurrence of a leaf would have of it. */
type Wish = 'held' | 'missing' | 'mentioned' | 'unmentioned'

const wishes: Readonly<Record<Constraint['wish'], Readonly<Record<Occurrence['sense'], Wish>>>> = {
  met: { demanded: 'held', excluded: 'unmentioned' },
  missed: { demanded: 'missing', excluded: 'mentioned' },
}
const consistent: readonly Settled[] = ['held', 'absent']
const every: readonly Settled[] = ['held', 'mentioned', 'absent']
const served: Readonly<Record<Settled, readonly Wish[]>> = {
  held: ['held', 'mentioned'],
  mentioned: ['missing', 'mentioned'],
  absent: ['missing', 'unmentioned'],
}

function isAboutOne({ part }: Constraint): boolean {
  const { kind } = part.kind === 'not' ? part.of : part
  return kind === 'grant' || kind === 'policy'
}

function settles({ part, wish }: Constraint, state: Settled): boolean {
  return (state === (part.kind === 'not' ? 'absent' : 'held')) === (wish === 'met')
}

function worthTrying(states: readonly Settled[], wanted: ReadonlySet<Wish>): readonly Settled[] {
  const serving = states.map((state) => ({ state, wishes: served[state].filter((wish) => wanted.has(wish)) }))
  return serving
    .filter(({ wishes: own }, at) =>
      serving.every((other, place) => {
        const less = place !== at && own.every((wish) => other.wishes.includes(wish))
        return !less || (own.length === other.wishes.length && at < place)
      }),
    )
    .map(({ state }) => state)
}
