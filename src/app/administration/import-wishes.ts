import type { Wish } from '../../core/administration/wish.js'
import { applyWishes, type AppliedWishes } from './apply-wishes.js'
import { identityWarnings } from './identity-warnings.js'
import { withTenant, type TenantPlace } from './with-tenant.js'

/** What an import came to. */
export interface ImportOutcome extends AppliedWishes {
  /** Slug. */
  readonly tenant: string
  /** Why some of it may be of no use yet, a sentence each. */
  readonly warnings: readonly string[]
}

/** Meets all the wishes of a file or, where there are faults, none; a rehearsal changes nothing and says what would be changed. Ends like `changeTenant`. */
export async function importWishes(
  place: TenantPlace & { readonly mode: 'apply' | 'rehearse' },
  wishes: readonly Wish[],
): Promise<ImportOutcome> {
  return withTenant(place, async (installation) => {
    const { postgres, tenant } = installation
    const warnings = await identityWarnings({ env: place.env, postgres, tenant: tenant.slug, wishes })
    const rehearsal = await postgres.tenantAdministration.rehearse(tenant, wishes)
    const isOver = place.mode === 'rehearse' || rehearsal.faults.length > 0
    const outcome = isOver
      ? { ...rehearsal, sessions: undefined }
      : await applyWishes(installation, wishes, rehearsal.changes)
    return { ...outcome, tenant: tenant.slug, warnings }
  })
}
