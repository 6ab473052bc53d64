import type { HeldRows, PrunedRows } from '../../adapter/postgres/audit/keep/prune/retention.js'
import type { Agree } from '../administration/change-tenant.js'
import { withInstallation } from '../administration/with-tenant.js'
import { inEachTrail, type UnreachedTrail } from './in-trail.js'
import { findTrails, type TrailChoice } from './maintained-places.js'

export interface AuditPruning {
  readonly choice: TrailChoice
  /** How old rows are at least. */
  readonly days: number
  /** Whether rows go that somebody to whom the trail is sent does not have yet. */
  readonly unsent: 'kept' | 'removed'
  readonly agree: Agree
}

export interface PrunedTrail {
  /** The tenant's short name; `undefined` for master. */
  readonly tenant: string | undefined
  readonly chains: readonly PrunedRows[]
  /** What stays although it is that old, and is as it was written. */
  readonly held: readonly HeldRows[]
}

export interface PrunedTrails {
  readonly pruned: readonly PrunedTrail[]
  readonly unreached: readonly UnreachedTrail[]
}

const secondsPerDay = 24 * 60 * 60

/** Removes rows whose term is over, from the front of every chain. Throws `RefusedError` where `agree` does. */
export async function pruneAudit(
  env: NodeJS.ProcessEnv,
  { agree, choice, days, unsent }: AuditPruning,
): Promise<PrunedTrails> {
  return withInstallation(env, async ({ by, postgres: { auditMaintenance } }) => {
    const places = await findTrails(auditMaintenance, choice)
    const names = places.map(({ tenant }) => tenant?.slug ?? 'master').join(', ')
    await agree([`what is on record from more than ${days} days ago will be gone for good, in: ${names}`])
    const cutoff = await auditMaintenance.timeBefore(days * secondsPerDay)
    const pruned: PrunedTrail[] = []
    const unreached = await inEachTrail(places, async (place) => {
      const chains = await auditMaintenance.prune(place, { cutoff, unsent, by })
      const trail = { tenant: place.tenant?.slug, chains, held: [] }
      pruned.push(trail)
      const faulty = new Set(chains.flatMap(({ chain, fault }) => (fault === undefined ? [] : [chain])))
      const held = await auditMaintenance.held(place, { cutoff, unsent })
      const sound = held.filter(({ chain }) => chain === undefined || !faulty.has(chain))
      pruned[pruned.indexOf(trail)] = { ...trail, held: sound }
    })
    return { pruned, unreached }
  })
}
