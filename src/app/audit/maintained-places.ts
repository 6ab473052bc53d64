import type { AuditMaintenance, AuditPlace } from '../../adapter/postgres/audit/keep/audit-maintenance.js'
import { RefusedError } from '../refused-error.js'

/** Whose trails are meant: a tenant's, by its slug, that of what has no tenant, or all there are. */
export type TrailChoice = { readonly tenant: string } | 'everywhere' | 'master'

/** Master first, then tenants by slug, suspended ones too. Throws `RefusedError` for one that is not there. */
export async function findTrails(maintenance: AuditMaintenance, choice: TrailChoice): Promise<readonly AuditPlace[]> {
  const places = await maintenance.places()
  if (choice === 'everywhere') return places
  const slug = choice === 'master' ? undefined : choice.tenant
  const found = places.filter(({ tenant }) => tenant?.slug === slug)
  if (found.length === 0) throw new RefusedError(`no tenant ${slug}; authsec tenant list shows them`)
  return found
}
