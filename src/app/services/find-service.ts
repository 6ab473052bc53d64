import type { FoundService } from '../../core/administration/service-administration.js'
import { quoted } from '../../core/administration/known-names.js'
import type { ExternalService } from '../../core/external-service/external-service.js'
import type { RotationStatus } from '../../core/external-service/rotation/rotation-store.js'
import type { Tenant } from '../../core/identity/tenant.js'
import type { Postgres } from '../../adapter/postgres/open-postgres.js'
import { withInstallation, withTenant, type TenantPlace } from '../administration/with-tenant.js'
import { RefusedError } from '../refused-error.js'
import { redirectUriAt } from './service-redirect-uri.js'

/** One service in a list. */
export interface ListedService {
  /** Slug. */
  readonly tenant: string
  readonly service: FoundService
}

/** All that is known of one. */
export interface ShownService {
  /** Slug. */
  readonly tenant: string
  readonly service: FoundService
  /** `undefined` where it has never been rotated, and is not to be. */
  readonly rotation: RotationStatus | undefined
  /** Where it sends browsers back to; `undefined` where nobody signs in there. */
  readonly redirectUri: string | undefined
}

/** The services by name, of all tenants unless one is named. Throws `RefusedError` for one that is not there. */
export async function listServices({ env, tenant: slug }: TenantPlace): Promise<readonly ListedService[]> {
  return withInstallation(env, async ({ postgres }) => {
    const tenants = (await postgres.tenants.list()).filter((tenant) => slug === undefined || tenant.slug === slug)
    if (tenants.length === 0 && slug !== undefined)
      throw new RefusedError(`no tenant ${slug}; authsec tenant list shows them`)
    const listed: ListedService[] = []
    for (const tenant of tenants) {
      for (const service of await postgres.services.list(tenant)) listed.push({ tenant: tenant.slug, service })
    }
    return listed
  })
}

/** The service of that name. Throws `RefusedError` for one that is not there. */
export async function showService(place: TenantPlace, name: string): Promise<ShownService> {
  return withTenant(place, async ({ postgres, tenant }) => {
    const service = await findService(postgres, tenant, name)
    const rotation = (await postgres.rotations.statuses(tenant)).find((status) => status.service === service.id)
    return { tenant: tenant.slug, service, rotation, redirectUri: await redirectUriAt(place.env, service) }
  })
}

/** The same in a database that is open. */
export async function findService(
  { services }: Pick<Postgres, 'services'>,
  tenant: Tenant,
  name: string,
): Promise<FoundService> {
  const found = (await services.list(tenant)).find((service) => service.name === name)
  if (found !== undefined) return found
  throw new RefusedError(`there is no service ${quoted(name)} in ${tenant.slug}; authsec service list shows them`)
}

/** The service as operations use it. Throws `RefusedError` for one that cannot be used as it is stored. */
export function usableService({ settings, ...service }: FoundService): ExternalService {
  if (!('fault' in settings)) return { ...settings, ...service }
  throw new RefusedError(`${quoted(service.name)} cannot be used as it is stored: ${settings.fault}`)
}
