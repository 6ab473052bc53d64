import { categories, type Category } from './grants.js'

/**
 * One flat demand. With `requireAll: false` any listed value of any category grants. With `requireAll: true` every listed
 * category must pass: any value within `roles`, `groups`, `scopes` and `permissions`, all values within `resources`.
 */
export interface Demand {
  readonly requireAll: boolean
  readonly listed: Readonly<Partial<Record<Category, readonly string[]>>>
}

/** Every demand must hold; none means every authenticated user of an admitted tenant. */
export interface Requirement {
  readonly allOf: readonly Demand[]
}

export const authenticated: Requirement = { allOf: [] }

/** Both requirements at once, as for a class and its method. */
export function joinRequirements(...requirements: readonly Requirement[]): Requirement {
  return { allOf: requirements.flatMap((requirement) => requirement.allOf) }
}

/** The scopes that a requirement names, for metadata and challenges. */
export function scopesNamedBy(requirement: Requirement): readonly string[] {
  return [...new Set(requirement.allOf.flatMap((demand) => demand.listed.scopes ?? []))]
}

/** The categories a demand lists, in the fixed order. */
export function listedCategories(demand: Demand): readonly Category[] {
  return categories.filter((category) => demand.listed[category] !== undefined)
}
