import type { Requirement } from '../requirement/requirement.js'
import { keyOf, occurrencesIn, type Leaf, type Occurrence } from './occurrence.js'
import type { State } from './partial-world.js'

/** A caller who is looked for: one who meets the one requirement and misses the other. */
export interface Wanted {
  readonly met?: Requirement
  readonly missed?: Requirement
  /** `consistent`: only those whose token and database agree. */
  readonly callers: 'consistent' | 'all'
}

/** A leaf and the states of it that are worth trying. */
export interface Choice {
  readonly leaf: Leaf
  readonly states: readonly State[]
}

/** What is to be tried of each leaf. A state that serves less of what is wanted than another one is left out. */
export function choicesIn({ callers, met, missed }: Wanted): readonly Choice[] {
  const wishes = [...wishesOf(met, { demanded: 'held', excluded: 'unmentioned' }), ...wishesOf(missed, inReverse)]
  const choices = new Map<string | object, { leaf: Leaf; wanted: Set<Wish> }>()
  for (const { leaf, wish } of wishes) {
    const choice = choices.get(keyOf(leaf)) ?? { leaf, wanted: new Set() }
    choices.set(keyOf(leaf), choice)
    choice.wanted.add(wish)
  }
  return [...choices.values()].map(({ leaf, wanted }) => {
    const states = callers === 'all' && leaf.kind === 'grant' ? every : consistent
    return { leaf, states: worthTrying(states, wanted) }
  })
}

/** The state, where there is no choice. */
export function onlyOne(states: readonly State[]): State | undefined {
  return states.length === 1 ? states[0] : undefined
}

/** What an occurrence of a leaf would have of it. */
type Wish = 'held' | 'missing' | 'mentioned' | 'unmentioned'

type Settled = Exclude<State, 'open'>

const inReverse: Readonly<Record<Occurrence['sense'], Wish>> = { demanded: 'missing', excluded: 'mentioned' }
const consistent: readonly Settled[] = ['held', 'absent']
const every: readonly Settled[] = ['held', 'mentioned', 'absent']
const served: Readonly<Record<Settled, readonly Wish[]>> = {
  held: ['held', 'mentioned'],
  mentioned: ['missing', 'mentioned'],
  absent: ['missing', 'unmentioned'],
}

function wishesOf(
  requirement: Requirement | undefined,
  wishes: Readonly<Record<Occurrence['sense'], Wish>>,
): readonly { readonly leaf: Leaf; readonly wish: Wish }[] {
  if (requirement === undefined) return []
  return occurrencesIn(requirement).map(({ leaf, sense }) => ({ leaf, wish: wishes[sense] }))
}

function worthTrying(states: readonly Settled[], wanted: ReadonlySet<Wish>): readonly Settled[] {
  const serving = states.map((state) => ({ state, wishes: served[state].filter((wish) => wanted.has(wish)) }))
  return serving
    .filter(({ wishes }, at) =>
      serving.every((other, place) => {
        const less = place !== at && wishes.every((wish) => other.wishes.includes(wish))
        return !less || (wishes.length === other.wishes.length && at < place)
      }),
    )
    .map(({ state }) => state)
}
