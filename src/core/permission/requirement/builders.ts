import type { Category } from '../grants.js'
import type { GrantRequirement, Requirement } from './requirement.js'

/** Every one of these. */
export function allOf(...of: readonly [Requirement, ...Requirement[]]): Requirement {
  return { kind: 'allOf', of }
}

/** At least one of these. */
export function anyOf(...of: readonly [Requirement, ...Requirement[]]): Requirement {
  return { kind: 'anyOf', of }
}

/**
 * Holds only where neither the token nor the tenant's database mentions what it takes to meet `of`, so that a lost claim never
 * grants. Over grants only: a policy can say itself what it refuses.
 */
export function not(of: Requirement): Requirement {
  return { kind: 'not', of }
}

/** The caller has this role. Byte-exact, as every name of a grant. */
export function role(name: string): GrantRequirement {
  return grant('roles', name)
}

/** The caller is in this group. */
export function group(name: string): GrantRequirement {
  return grant('groups', name)
}

/** The caller's token carries this scope (RFC 6749 §3.3), and the database grants it. */
export function scope(name: string): GrantRequirement {
  return grant('scopes', name)
}

/** The caller may use this resource. */
export function resource(name: string): GrantRequirement {
  return grant('resources', name)
}

/** The caller has this permission, `resource:action`: one name, never split. */
export function permission(name: string): GrantRequirement {
  return grant('permissions', name)
}

/** One grant of any category. */
export function grant(category: Category, name: string): GrantRequirement {
  return { kind: 'grant', category, name }
}
