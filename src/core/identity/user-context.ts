import type { Category, Grants } from '../permission/grants.js'

export interface UserContextFields {
  readonly subject: string
  readonly email: string | undefined
  readonly name: string | undefined
  readonly tenantId: string
  readonly grants: Grants
}

/** Who is calling and what they effectively hold (token and database both). Ask for it as a parameter of a protected operation. */
export class UserContext implements Grants {
  /** Stable id of the user at the issuer. */
  readonly subject: string
  /** For display; never a key. */
  readonly email: string | undefined
  readonly name: string | undefined
  /** The tenant's slug, as in the token's `tenant_id`. */
  readonly tenantId: string
  readonly roles: readonly string[]
  readonly groups: readonly string[]
  readonly scopes: readonly string[]
  readonly resources: readonly string[]
  readonly permissions: readonly string[]

  constructor(fields: UserContextFields) {
    this.subject = fields.subject
    this.email = fields.email
    this.name = fields.name
    this.tenantId = fields.tenantId
    this.roles = Object.freeze([...fields.grants.roles])
    this.groups = Object.freeze([...fields.grants.groups])
    this.scopes = Object.freeze([...fields.grants.scopes])
    this.resources = Object.freeze([...fields.grants.resources])
    this.permissions = Object.freeze([...fields.grants.permissions])
    Object.freeze(this)
  }

  /** Whether this user effectively holds `name` in `category`, byte-exact. */
  has(category: Category, name: string): boolean {
    return this[category].includes(name)
  }
}
