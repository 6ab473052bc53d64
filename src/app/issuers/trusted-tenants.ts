import type { Tenant, TenantRegistry } from '../../core/identity/tenant.js'
import type { IssuerBook } from '../../core/trust/issuer-book.js'
import { issuerNamed } from '../../core/trust/issuer-set.js'

export interface TrustedTenantsOptions {
  readonly registry: TenantRegistry
  readonly book: IssuerBook
  /** Whose tokens name tenants by slug; `undefined` where this server issues none. */
  readonly ownIssuer: string | undefined
}

/** Tenants as issuers may name them now: an issuer that is not trusted any more names none, and one with a fixed tenant no other. */
export class TrustedTenants implements TenantRegistry {
  readonly #options: TrustedTenantsOptions

  constructor(options: TrustedTenantsOptions) {
    this.#options = options
  }

  async find(issuer: string, claim: string): Promise<Tenant | undefined> {
    const { book, ownIssuer, registry } = this.#options
    if (issuer === ownIssuer) return registry.find(issuer, claim)
    const { issuers } = await book.read()
    const rule = issuerNamed(issuers, issuer)?.tenant
    if (rule === undefined) return undefined
    if (rule.kind === 'claim') return registry.find(issuer, claim)
    return claim === rule.tenant ? registry.findBySlug(rule.tenant) : undefined
  }

  findBySlug(slug: string): Promise<Tenant | undefined> {
    return this.#options.registry.findBySlug(slug)
  }

  list(): Promise<readonly Tenant[]> {
    return this.#options.registry.list()
  }
}
