import type { AuditPlace } from '../../core/audit/audit-reader.js'
import type { Postgres } from '../../adapter/postgres/open-postgres.js'
import { RefusedError } from '../refused-error.js'
import type { TrailChoice } from './maintained-places.js'

/** Master first, then tenants by their slugs, suspended ones too. Throws `RefusedError` for one that is not there. */
export async function findPlaces(
  { directory }: Pick<Postgres, 'directory'>,
  choice: TrailChoice,
): Promise<readonly AuditPlace[]> {
  if (choice === 'master') return [undefined]
  const tenants = await directory.signIns.tenants()
  if (choice === 'everywhere') return [undefined, ...tenants]
  const found = tenants.filter(({ slug }) => slug === choice.tenant)
  if (found.length === 0) throw new RefusedError(`no tenant ${choice.tenant}; authsec tenant list shows them`)
  return found
}
