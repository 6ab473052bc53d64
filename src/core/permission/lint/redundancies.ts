import { describeRequirement } from '../requirement/requirement-words.js'
import type { Requirement } from '../requirement/requirement.js'
import type { Fault } from './finding.js'
import { keyOf, occurrencesIn, type LeafKey } from './occurrence.js'
import type { Reasoning } from './reasoning.js'

/** Parts of a requirement that could be left out, each once. For requirements that somebody can meet. */
export function redundanciesIn(requirement: Requirement, reasoning: Reasoning): readonly Fault[] {
  if (requirement.kind === 'grant' || requirement.kind === 'policy') return []
  if (requirement.kind === 'not') return redundanciesIn(requirement.of, reasoning)
  const { kind } = requirement
  const parts = flatParts(requirement).map(partOf)
  const kept = parts.filter((part) => kind === 'allOf' || !isImpossible(part.requirement, reasoning))
  const impossible = parts.filter((part) => !kept.includes(part))
  const found = kept.map((part) => ({ part, because: reasonAgainst(part, kept, { kind, reasoning }) }))
  return [
    ...impossible.map(({ requirement: part }): Fault => ({
      code: 'impossible-alternative',
      part: describeRequirement(part),
    })),
    ...found.flatMap(({ because, part }) => (because === undefined ? [] : [redundant(kind, part, because)])),
    ...found.flatMap(({ because, part }) => (because === undefined ? redundanciesIn(part.requirement, reasoning) : [])),
  ]
}

interface Part {
  readonly requirement: Requirement
  readonly keys: ReadonlySet<LeafKey>
}

type Kind = 'allOf' | 'anyOf'

interface Context {
  readonly kind: Kind
  readonly reasoning: Reasoning
}

function isImpossible(part: Requirement, reasoning: Reasoning): boolean {
  return part.kind !== 'grant' && part.kind !== 'policy' && reasoning.canBeMet(part) === 'no'
}

/** Lists of one kind within each other are one list. */
function flatParts({ kind, of }: Requirement & { readonly kind: Kind }): readonly Requirement[] {
  return of.flatMap((part) => (part.kind === kind ? flatParts({ kind, of: part.of }) : [part]))
}

function partOf(requirement: Requirement): Part {
  return { requirement, keys: new Set(occurrencesIn(requirement).map(({ leaf }) => keyOf(leaf))) }
}

/** What makes the part superfluous. Of parts that mean the same the first one stays. */
function reasonAgainst(part: Part, parts: readonly Part[], context: Context): Part | undefined {
  const at = parts.indexOf(part)
  return parts.find((other, place) => {
    if (other === part || !replaces(other, part, context)) return false
    return place < at || !replaces(part, other, context)
  })
}

/** Whether the list says the same without the part. */
function replaces(other: Part, part: Part, { kind, reasoning }: Context): boolean {
  if (part.keys.size > 0 && other.keys.size > 0 && ![...part.keys].some((key) => other.keys.has(key))) return false
  if (part.requirement.kind === 'grant' && other.requirement.kind === 'grant') return true
  const [narrow, wide] = kind === 'allOf' ? [other, part] : [part, other]
  if (demandsMore(wide, narrow)) return false
  return reasoning.implies(narrow.requirement, wide.requirement) === 'yes'
}

/** Whether a leaf has to be there for the one of which the other says nothing, so that who meets the other may miss the one. */
function demandsMore({ requirement }: Part, { keys }: Part): boolean {
  const parts = requirement.kind === 'allOf' ? flatParts({ kind: 'allOf', of: requirement.of }) : []
  return parts.some((part) => (part.kind === 'grant' || part.kind === 'policy') && !keys.has(keyOf(part)))
}

function redundant(kind: Kind, part: Part, because: Part): Fault {
  return {
    code: kind === 'allOf' ? 'redundant-demand' : 'redundant-alternative',
    part: describeRequirement(part.requirement),
    because: describeRequirement(because.requirement),
  }
}
