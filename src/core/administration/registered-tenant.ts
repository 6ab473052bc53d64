/** What one issuer calls a tenant. */
export interface TenantClaim {
  /** The issuer's identifier, byte for byte as in its tokens. */
  readonly issuer: string
  /** The value of the claim that tells its tenants apart, byte for byte. */
  readonly value: string
}

export type TenantState = 'active' | 'deleting' | 'suspended'

/** A tenant as administrators see it. */
export interface RegisteredTenant {
  /** UUID; never changes. */
  readonly id: string
  readonly slug: string
  readonly name: string
  readonly state: TenantState
  readonly createdAt: Date
  readonly database: string
  /** The PostgreSQL role that may enter the database; `undefined` until it has one. */
  readonly role: string | undefined
  readonly claims: readonly TenantClaim[]
  /** Client ids of the applications that belong to it, and go with it. */
  readonly applications: readonly string[]
}
