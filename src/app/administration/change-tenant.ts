import type { Change } from '../../core/administration/change.js'
import type { Outcome } from '../../core/administration/tenant-administration.js'
import type { Wish } from '../../core/administration/wish.js'
import { RefusedError } from '../refused-error.js'
import { followConnections } from '../services/follow-connections.js'
import type { EndedSessions } from '../sessions/sessions-left.js'
import { applyWishes } from './apply-wishes.js'
import { consequencesOf } from './consequences.js'
import { identityWarnings } from './identity-warnings.js'
import { withTenant, type TenantPlace } from './with-tenant.js'

/** What was changed in a tenant. */
export interface TenantChanges {
  /** Slug. */
  readonly tenant: string
  readonly changes: readonly Change[]
  /** Why some of it may be of no use yet, a sentence each. */
  readonly warnings: readonly string[]
  /** `undefined` where nothing changed that anybody proves themselves with. */
  readonly sessions: EndedSessions | undefined
}

/** Gets the consent of whoever asked, or throws `RefusedError`. */
export type Agree = (consequences: readonly string[]) => Promise<void>

/**
 * Meets all the wishes, or none; what others would feel needs consent first. Whatever rests on what
 * accounts have no more afterwards ends. Throws `RefusedError` with everything that is in the way.
 */
export async function changeTenant(place: TenantPlace, wishes: readonly Wish[], agree: Agree): Promise<TenantChanges> {
  return withTenant(place, async (installation) => {
    const { postgres, tenant } = installation
    const { slug } = tenant
    const administration = postgres.tenantAdministration
    const rehearsal = await administration.rehearse(tenant, wishes)
    refuseFaults(rehearsal)
    const consequences = await consequencesOf({ administration, tenant, wishes })
    if (consequences.length > 0) await agree(consequences)
    const warnings = await identityWarnings({ env: place.env, postgres, tenant: slug, wishes })
    const destroyTokens = wishes.some(isRemoval) ? await followConnections(installation) : undefined
    const { sessions, ...outcome } = await applyWishes(installation, wishes, rehearsal.changes)
    refuseFaults(outcome)
    const left = (await destroyTokens?.()) ?? []
    return { tenant: slug, changes: outcome.changes, warnings: [...warnings, ...left], sessions }
  })
}

function isRemoval(wish: Wish): boolean {
  return wish.kind === 'account' && wish.presence === 'absent'
}

/** Throws `RefusedError` with all faults. */
export function refuseFaults({ faults }: Outcome): void {
  const sentences = [...new Set(faults.map(({ fault }) => fault))]
  if (sentences.length === 0) return
  if (sentences.length === 1) throw new RefusedError(sentences.join(''))
  const lines = sentences.map((sentence, at) => `  ${at + 1}. ${sentence}`)
  throw new RefusedError(`nothing was changed, for ${sentences.length} reasons:\n${lines.join('\n')}`)
}
