import type { Kysely } from 'kysely'
import { tenantSlugPattern, type Tenant, type TenantRegistry } from '../../../core/identity/tenant.js'
import type { MasterSchema } from '../schema/master-schema.js'
import { isStorable } from '../storable-text.js'

const longestClaim = 255

/** The tenants of the master database. Tokens of `ownIssuer` name them by slug; what other issuers call them is on record per issuer. */
export class PostgresTenantRegistry implements TenantRegistry {
  readonly #master: Kysely<MasterSchema>
  readonly #ownIssuer: string

  constructor(master: Kysely<MasterSchema>, ownIssuer: string) {
    this.#master = master
    this.#ownIssuer = ownIssuer
  }

  async find(issuer: string, claim: string): Promise<Tenant | undefined> {
    if (issuer === this.#ownIssuer) return this.findBySlug(claim)
    if (!isClaim(issuer) || !isClaim(claim)) return undefined
    return this.#active()
      .innerJoin('tenant_issuer', 'tenant_issuer.tenant_id', 'tenant.id')
      .where('tenant_issuer.issuer', '=', issuer)
      .where('tenant_issuer.claim_value', '=', claim)
      .executeTakeFirst()
  }

  async findBySlug(slug: string): Promise<Tenant | undefined> {
    if (!isClaim(slug) || !tenantSlugPattern.test(slug)) return undefined
    return this.#active().where('tenant.slug', '=', slug).executeTakeFirst()
  }

  async list(): Promise<readonly Tenant[]> {
    return this.#active().orderBy('tenant.slug').execute()
  }

  #active() {
    return this.#master
      .selectFrom('tenant')
      .select(['tenant.id', 'tenant.slug', 'tenant.name'])
      .where('tenant.suspended_at', 'is', null)
  }
}

/** Claims come from tokens: whatever type and length the issuer gave them. */
function isClaim(value: unknown): value is string {
  return typeof value === 'string' && value !== '' && value.length <= longestClaim && isStorable(value)
}
