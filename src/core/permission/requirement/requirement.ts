import { categories, type Category } from '../grants.js'

/** One grant by name, byte-exact. */
export interface GrantRequirement {
  readonly kind: 'grant'
  readonly category: Category
  readonly name: string
}

/** A class whose instance is asked on each call. */
export interface PolicyReference {
  readonly name: string
  /** The class itself, for whoever builds its instance. */
  readonly key: object
  /** How long it may take. */
  readonly milliseconds: number
}

/**
 * Who may: a tree over grants and policies. `not` holds only for what neither the token nor the database mentions, and stands
 * over grants alone.
 */
export type Requirement =
  | GrantRequirement
  | { readonly kind: 'allOf'; readonly of: readonly Requirement[] }
  | { readonly kind: 'anyOf'; readonly of: readonly Requirement[] }
  | { readonly kind: 'not'; readonly of: Requirement }
  | { readonly kind: 'policy'; readonly policy: PolicyReference }

/**
 * The flat form. With `requireAll: false` any listed value of any category grants. With `requireAll: true` every listed
 * category must pass: any value within `roles`, `groups`, `scopes` and `permissions`, all values within `resources`.
 */
export interface Demand {
  readonly requireAll: boolean
  readonly listed: Readonly<Partial<Record<Category, readonly string[]>>>
}

/** Every authenticated user of an admitted tenant. */
export const authenticated: Requirement = Object.freeze({ kind: 'allOf', of: Object.freeze([]) })

/** The tree that a flat demand stands for. An empty list, or none at all, grants nothing. */
export function requirementOf({ listed, requireAll }: Demand): Requirement {
  const groups = categories.flatMap((category) => {
    const names = listed[category]
    return names === undefined
      ? []
      : [{ category, of: names.map((name): Requirement => ({ kind: 'grant', category, name })) }]
  })
  if (!requireAll)
    return single(
      'anyOf',
      groups.flatMap(({ of }) => of),
    )
  if (groups.length === 0) return { kind: 'anyOf', of: [] }
  return single(
    'allOf',
    groups.map(({ category, of }) => categoryRequirement(category, of)),
  )
}

/** All of these at once, as for a class and its method. */
export function joinRequirements(...requirements: readonly Requirement[]): Requirement {
  return single(
    'allOf',
    requirements.flatMap((one) => (one.kind === 'allOf' ? one.of : [one])),
  )
}

/** Everything in the tree, from the root down, in order. */
export function partsOf(requirement: Requirement): readonly Requirement[] {
  switch (requirement.kind) {
    case 'grant':
    case 'policy':
      return [requirement]
    case 'not':
      return [requirement, ...partsOf(requirement.of)]
    case 'allOf':
    case 'anyOf':
      return [requirement, ...requirement.of.flatMap(partsOf)]
  }
}

/** The scopes that somebody could ask for to meet the requirement, for metadata and challenges. */
export function scopesNamedBy(requirement: Requirement): readonly string[] {
  switch (requirement.kind) {
    case 'grant':
      return requirement.category === 'scopes' ? [requirement.name] : []
    case 'policy':
    case 'not':
      return []
    case 'allOf':
    case 'anyOf':
      return [...new Set(requirement.of.flatMap(scopesNamedBy))]
  }
}

/** All values within `resources`, any value elsewhere. */
function categoryRequirement(category: Category, of: readonly Requirement[]): Requirement {
  return category === 'resources' && of.length > 0 ? single('allOf', of) : single('anyOf', of)
}

/** One part needs no list around it. */
function single(kind: 'allOf' | 'anyOf', of: readonly Requirement[]): Requirement {
  const [only] = of
  return of.length === 1 && only !== undefined ? only : { kind, of }
}
