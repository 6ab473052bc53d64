import { eachCategory, noGrants, type Category, type Grants } from './grants.js'

/** An account and all it is granted in its tenant's database, bundles of roles and groups expanded. */
export interface StoredAccount {
  readonly id: string
  readonly email: string
  readonly name: string | undefined
  readonly disabled: boolean
  readonly grants: Grants
}

/**
 * What counts as granted by the database. `assigned`: what the account itself is assigned. `catalogue`: every name that the
 * tenant's tables have, so that the token alone says who holds it.
 */
export type GrantSource = 'assigned' | 'catalogue'

/** Who is let in without an account: nobody, or every user of the tenant, with these roles as if they were assigned. */
export type SignUpRule =
  { readonly admits: 'nobody' } | { readonly admits: 'everybody'; readonly roles: readonly string[] }

/** Everything that a tenant has to grant, and what its roles and groups bring along. */
export interface GrantCatalogue {
  readonly names: Grants
  readonly roles: ReadonlyMap<string, RoleBundle>
  /** The roles of each group. */
  readonly groups: ReadonlyMap<string, readonly string[]>
}

/** What a role carries. */
export type RoleBundle = Readonly<Record<'scopes' | 'resources' | 'permissions', readonly string[]>>

/** What a tenant's database says of the subject of a token. */
export interface StoredStanding {
  readonly account: StoredAccount | undefined
  readonly source: GrantSource
  readonly signUp: SignUpRule
  /** Needed by `catalogue` and by sign-up roles; empty otherwise. */
  readonly catalogue: GrantCatalogue
  /** Names the state of the tenant's tables that this was read from; another one after every change. */
  readonly policyVersion: string
}

export const noCatalogue: GrantCatalogue = { names: noGrants, roles: new Map(), groups: new Map() }

/** What the roles that are held bring along, by the tenant's tables. */
export function bundledGrants({ roles: bundles }: GrantCatalogue, roles: readonly string[]): Grants {
  const held = roles.flatMap((role) => bundles.get(role) ?? [])
  return eachCategory((category) =>
    category === 'roles' ? roles : isCarried(category) ? union(held.map((bundle) => bundle[category])) : [],
  )
}

/** The roles that groups bring along. */
export function rolesOfGroups({ groups: bundles }: GrantCatalogue, groups: readonly string[]): readonly string[] {
  return union(groups.map((group) => bundles.get(group) ?? []))
}

function isCarried(category: Category): category is keyof RoleBundle {
  return category === 'scopes' || category === 'resources' || category === 'permissions'
}

function union(lists: readonly (readonly string[])[]): readonly string[] {
  return [...new Set(lists.flat())]
}
