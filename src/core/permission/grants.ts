/** The five kinds of grant. `permissions` are `resource:action`, one atom, never split. */
export const categories = ['roles', 'groups', 'scopes', 'resources', 'permissions'] as const

export type Category = (typeof categories)[number]

/** Names granted per category, without duplicates. Matching is byte-exact. */
export type Grants = Readonly<Record<Category, readonly string[]>>

/**
 * What a token says. A category the issuer's mapping declares but the token lacks is an empty list;
 * a category the issuer does not declare is absent.
 */
export type AssertedGrants = Readonly<Partial<Record<Category, readonly string[]>>>

export const noGrants: Grants = { roles: [], groups: [], scopes: [], resources: [], permissions: [] }

/** A complete set of grants from a partial one. */
export function grantsOf(partial: Partial<Grants>): Grants {
  return { ...noGrants, ...partial }
}

/** The grants that `from` makes for each category. */
export function eachCategory(from: (category: Category) => readonly string[]): Grants {
  return {
    roles: from('roles'),
    groups: from('groups'),
    scopes: from('scopes'),
    resources: from('resources'),
    permissions: from('permissions'),
  }
}

/** What one name of a category is called. */
export function nounOf(category: Category): 'role' | 'group' | 'scope' | 'resource' | 'permission' {
  switch (category) {
    case 'roles':
      return 'role'
    case 'groups':
      return 'group'
    case 'scopes':
      return 'scope'
    case 'resources':
      return 'resource'
    case 'permissions':
      return 'permission'
  }
}
