import { categories, eachCategory, noGrants, type AssertedGrants, type Category, type Grants } from './grants.js'
import { bundledGrants, rolesOfGroups, type StoredStanding } from './standing.js'

/** How a caller is known to the tenant. `unknown` and `disabled` hold nothing and may do nothing. */
export type AccountState = 'active' | 'signed-up' | 'disabled' | 'unknown'

/** What a caller holds, and what it was made from. */
export interface Holding {
  readonly account: AccountState
  /** What counts: in the token and in the database. */
  readonly effective: Grants
  /** What the token or the database mentions: `not` holds only for what neither does. */
  readonly mentioned: Grants
  /** Categories of which nothing can be said to be absent, because the token does not say what is there. */
  readonly unsure: readonly Category[]
  readonly asserted: AssertedGrants
  /** The database's side, as it was compared with the token. */
  readonly stored: Grants
}

/**
 * What a caller really holds: a grant counts only when the token and the tenant's database both have it, category by category.
 * Scopes are always capped by the token.
 */
export function holdingOf(asserted: AssertedGrants, standing: StoredStanding): Holding {
  const account = accountState(standing)
  if (account !== 'active' && account !== 'signed-up') return nothing(account, asserted, standing)
  return standing.source === 'assigned'
    ? assignedHolding(account, asserted, standing)
    : catalogueHolding(account, asserted, standing)
}

/** The holding of somebody whose token says everything that the database does: for tests, and for questions about an account. */
export function holdingOfAll(grants: Grants): Holding {
  return { account: 'active', effective: grants, mentioned: grants, unsure: [], asserted: grants, stored: grants }
}

/** Whether the tenant lets this caller in at all. Only a literal `false` is not disabled. */
export function accountState({ account, signUp }: StoredStanding): AccountState {
  if (account === undefined) return signUp.admits === 'everybody' ? 'signed-up' : 'unknown'
  return account.disabled === false ? 'active' : 'disabled'
}

/** A category that the issuer does not declare is the account's alone. Of somebody without an account the database knows nothing. */
function assignedHolding(account: AccountState, asserted: AssertedGrants, standing: StoredStanding): Holding {
  const stored = assignedTo(standing)
  return {
    account,
    effective: eachCategory((category) => {
      const claimed = claimOf(asserted, category) ?? (category === 'scopes' ? [] : undefined)
      return claimed === undefined ? stored[category] : both(stored[category], claimed)
    }),
    mentioned: eachCategory((category) => either(stored[category], claimOf(asserted, category) ?? [])),
    unsure: account === 'signed-up' ? silentIn(asserted) : [],
    asserted,
    stored,
  }
}

/** The token says who holds what the tenant has. What it says nothing of comes with the effective groups and roles. */
function catalogueHolding(account: AccountState, asserted: AssertedGrants, standing: StoredStanding): Holding {
  const { catalogue } = standing
  const claimed = (category: Category): readonly string[] | undefined => {
    const names = claimOf(asserted, category)
    return names === undefined ? undefined : both(catalogue.names[category], names)
  }
  const groups = claimed('groups') ?? []
  const roles = claimed('roles') ?? both(catalogue.names.roles, rolesOfGroups(catalogue, groups))
  const carried = bundledGrants(catalogue, roles)
  const effective = {
    roles,
    groups,
    scopes: claimed('scopes') ?? [],
    resources: claimed('resources') ?? carried.resources,
    permissions: claimed('permissions') ?? carried.permissions,
  }
  const assigned = assignedTo(standing)
  return {
    account,
    effective,
    mentioned: eachCategory((category) =>
      either(effective[category], either(claimOf(asserted, category) ?? [], assigned[category])),
    ),
    unsure: silentIn(asserted),
    asserted,
    // Where the token says nothing, the groups and roles are the database's side.
    stored: eachCategory((category) =>
      claimOf(asserted, category) === undefined && category !== 'scopes'
        ? effective[category]
        : catalogue.names[category],
    ),
  }
}

/** A claim that is empty cannot be told from one that was lost, so that nothing is absent by it. */
function silentIn(asserted: AssertedGrants): readonly Category[] {
  return categories.filter((category) => (claimOf(asserted, category) ?? []).length === 0)
}

/** What the token itself says: nothing that its object inherits from what a program has put on all objects. */
export function claimOf(asserted: AssertedGrants, category: Category): readonly string[] | undefined {
  return Object.hasOwn(asserted, category) ? asserted[category] : undefined
}

function assignedTo({ account, catalogue, signUp }: StoredStanding): Grants {
  if (account !== undefined) return account.grants
  return signUp.admits === 'everybody' ? bundledGrants(catalogue, signUp.roles) : noGrants
}

/** What both sides say is kept, for explanations. */
function nothing(account: AccountState, asserted: AssertedGrants, standing: StoredStanding): Holding {
  const stored = standing.account?.grants ?? noGrants
  const unsure = categories
  return { account, effective: noGrants, mentioned: noGrants, unsure, asserted, stored }
}

function both(stored: readonly string[], claimed: readonly string[]): readonly string[] {
  const claims = new Set(claimed)
  return stored.filter((name) => claims.has(name))
}

function either(one: readonly string[], other: readonly string[]): readonly string[] {
  return [...new Set([...one, ...other])]
}
