import type { Requirement } from '../requirement/requirement.js'

/** A grant or a policy: what a requirement is made of in the end. */
export type Leaf = Requirement & { readonly kind: 'grant' | 'policy' }

/** A leaf where it stands: to be met, or, under `not`, to be absent. */
export interface Occurrence {
  readonly leaf: Leaf
  readonly sense: 'demanded' | 'excluded'
}

/** Every leaf of the tree in order, as often as it occurs. */
export function occurrencesIn(
  requirement: Requirement,
  sense: Occurrence['sense'] = 'demanded',
): readonly Occurrence[] {
  switch (requirement.kind) {
    case 'grant':
    case 'policy':
      return [{ leaf: requirement, sense }]
    case 'not':
      return occurrencesIn(requirement.of, 'excluded')
    case 'allOf':
    case 'anyOf':
      return requirement.of.flatMap((part) => occurrencesIn(part, sense))
  }
}

/** What a leaf asks for. */
export type LeafKey = string | object

/** The same for leaves that ask for the same, another one otherwise. */
export function keyOf(leaf: Leaf): LeafKey {
  return leaf.kind === 'grant' ? `${leaf.category} ${leaf.name}` : leaf.policy.key
}
