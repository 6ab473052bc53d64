import type { Category, Grants } from '../permission/grants.js'
import type { GrantSource } from '../permission/standing.js'
import type { AccountIdentity } from './account-identity.js'

/** What is to hold of a tenant's database afterwards. Where it holds already, nothing changes. */
export type Wish = NameWish | AccountWish | ForgetWish | AccessRuleWish

/** A role, group, scope, resource or permission. */
export interface NameWish {
  readonly kind: 'name'
  readonly category: Category
  readonly name: string
  /** `known`: it is refused unless it is there. So is `absent`, lest a slip of the pen looks like success. */
  readonly presence: 'present' | 'known' | 'absent'
  /** What a role brings along, or the roles of a group, in addition. */
  readonly give?: Grants | undefined
  readonly take?: Grants | undefined
}

export interface AccountWish {
  readonly kind: 'account'
  readonly email: string
  /** `new`: it is refused where it is there; `known` and `absent`: where it is not. */
  readonly presence: 'new' | 'present' | 'known' | 'absent'
  readonly name?: string | undefined
  readonly status?: AccountStatus | undefined
  /** A hash in the form that `PasswordHasher` of the issuer writes, or none. */
  readonly password?: { readonly hash: string | undefined } | undefined
  /** What it is to be assigned itself, in addition. */
  readonly give?: Grants | undefined
  readonly take?: Grants | undefined
  /** Whom other issuers are to know it as, in addition. */
  readonly identify?: readonly AccountIdentity[] | undefined
  /** What is refused where the account is not known as it, lest a slip of the pen looks like success. Its user is shut out. */
  readonly forsake?: readonly AccountIdentity[] | undefined
}

/** That nobody is on record as an identity that is no account's any more: a tenant that lets users in without an account lets this one in. */
export interface ForgetWish {
  readonly kind: 'forget identity'
  readonly identity: AccountIdentity
}

export type AccountStatus = 'active' | 'disabled'

export interface AccessRuleWish {
  readonly kind: 'access rule'
  readonly rule: Partial<AccessRule>
}

/** How a tenant grants. */
export interface AccessRule {
  /** `by issuer`: `assigned` for the installation's own issuer, `catalogue` for every other. */
  readonly grants: GrantSource | 'by issuer'
  /** Who enters without an administrator: `domains` are of those who sign in with a provider, by the address that it has verified. */
  readonly signUp: 'nobody' | 'domains' | 'everybody'
  /** Of `domains`, in small letters. */
  readonly signUpDomains: readonly string[]
  /** Of those who sign up. */
  readonly signUpRoles: readonly string[]
}

/** What roles and groups can bring along. */
export const carriable: Readonly<Record<Category, readonly Category[]>> = {
  roles: ['scopes', 'resources', 'permissions'],
  groups: ['roles'],
  scopes: [],
  resources: [],
  permissions: [],
}
