import type { AssertedGrants, Category, Grants } from './grants.js'

/**
 * What a caller really holds: a grant counts only when the token and the tenant's database both have it.
 * A category that the issuer does not declare is taken from the database; scopes are always capped by the token.
 */
export function effectiveGrants(asserted: AssertedGrants, stored: Grants): Grants {
  return {
    roles: both('roles', asserted, stored),
    groups: both('groups', asserted, stored),
    scopes: both('scopes', { ...asserted, scopes: asserted.scopes ?? [] }, stored),
    resources: both('resources', asserted, stored),
    permissions: both('permissions', asserted, stored),
  }
}

function both(category: Category, asserted: AssertedGrants, stored: Grants): readonly string[] {
  const claimed = asserted[category]
  if (claimed === undefined) return stored[category]
  const claims = new Set(claimed)
  return stored[category].filter((name) => claims.has(name))
}
