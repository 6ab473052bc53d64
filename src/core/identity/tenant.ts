/** One customer organisation with a database of its own. */
export interface Tenant {
  /** UUID; never changes. */
  readonly id: string
  /** `^[a-z0-9][a-z0-9-]{0,40}$`; what tokens and people call it. */
  readonly slug: string
  readonly name: string
}

export const tenantSlugPattern = /^[a-z0-9][a-z0-9-]{0,40}$/

/** The only way from a token to a tenant: a look-up in the master registry, never string-building. */
export interface TenantRegistry {
  /** The active tenant that this issuer's claim value stands for, byte-exact, or `undefined`. */
  find(issuer: string, claim: string): Promise<Tenant | undefined>
  findBySlug(slug: string): Promise<Tenant | undefined>
  /** Every active tenant, by slug. */
  list(): Promise<readonly Tenant[]>
}
