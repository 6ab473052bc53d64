import type { Tenant } from '../identity/tenant.js'
import type { CredentialSource } from './external-service.js'

/** A role of the secrets engine that a tenant may have credentials of. */
export interface AllowedRole {
  /** UUID or slug. */
  readonly tenant: string
  /** Such as `database/creds/reports`. */
  readonly path: string
}

const uuidPattern = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/

/**
 * Which roles of the secrets engine each tenant may have credentials of. The engine knows no tenants, and a path is what a tenant's
 * administrator writes: whoever runs this server says which roles are whose. What is not said is not allowed.
 */
export class EngineRoles {
  /** Where nothing makes credentials. */
  static readonly none = new EngineRoles([])
  readonly #allowed: ReadonlySet<string>

  constructor(allowed: readonly AllowedRole[]) {
    this.#allowed = new Set(allowed.map(({ path, tenant }) => nameOf(tenant, path)))
  }

  allows({ id, slug }: Tenant, path: string): boolean {
    // What looks like a UUID is one, and no slug that somebody has chosen.
    return this.#allowed.has(nameOf(id, path)) || (!uuidPattern.test(slug) && this.#allowed.has(nameOf(slug, path)))
  }
}

/** Why a tenant may not have its credential from there, as a sentence. */
export function engineRoleFault(roles: EngineRoles, tenant: Tenant, source: CredentialSource): string | undefined {
  if (source.from === 'store' || roles.allows(tenant, source.path)) return undefined
  const remedy = `AUTHSEC_VAULT_ENGINE_ROLES with ${tenant.slug}=${source.path}`
  return `the tenant ${tenant.slug} may not use the role ${source.path} of the secrets engine: whoever runs this server allows it (${remedy})`
}

function nameOf(tenant: string, path: string): string {
  return `${tenant}=${path}`
}
