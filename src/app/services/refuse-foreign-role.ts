import { engineRoleFault } from '../../core/external-service/engine-roles.js'
import type { ServiceSettings } from '../../core/external-service/service-options.js'
import type { Tenant } from '../../core/identity/tenant.js'
import type { Installation } from '../administration/with-tenant.js'
import { RefusedError } from '../refused-error.js'

type Place = Pick<Installation, 'settings'> & { readonly tenant: Tenant }

/** Throws `RefusedError` for a role of a secrets engine that is not the tenant's: the engine knows no tenants, and a tenant says nothing about that. */
export function refuseForeignRole({ settings, tenant }: Place, { source }: ServiceSettings): void {
  if (source.from === 'store') return
  if (settings.vault === undefined)
    throw new RefusedError('only HashiCorp Vault makes credentials: set AUTHSEC_VAULT_ADDR')
  const fault = engineRoleFault(settings.vault.roles, tenant, source)
  if (fault !== undefined) throw new RefusedError(fault)
}
