import type { Outcome } from '../../core/administration/tenant-administration.js'
import type { Wish } from '../../core/administration/wish.js'
import { identityWarnings } from './identity-warnings.js'
import { withTenant, type TenantPlace } from './with-tenant.js'

/** What an import came to. */
export interface ImportOutcome extends Outcome {
  /** Slug. */
  readonly tenant: string
  /** Why some of it may be of no use yet, a sentence each. */
  readonly warnings: readonly string[]
}

/** Meets all the wishes of a file or, where there are faults, none; a rehearsal changes nothing and says what would be changed. */
export async function importWishes(
  place: TenantPlace & { readonly mode: 'apply' | 'rehearse' },
  wishes: readonly Wish[],
): Promise<ImportOutcome> {
  return withTenant(place, async ({ by, postgres, tenant }) => {
    const administration = postgres.tenantAdministration
    const warnings = await identityWarnings({ env: place.env, postgres, tenant: tenant.slug, wishes })
    const outcome =
      place.mode === 'rehearse'
        ? await administration.rehearse(tenant, wishes)
        : await administration.apply(tenant, wishes, by)
    return { ...outcome, tenant: tenant.slug, warnings }
  })
}
