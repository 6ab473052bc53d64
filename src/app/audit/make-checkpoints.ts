import type { SignedCheckpoint } from '../../core/audit/audit-checkpoint.js'
import { withInstallation } from '../administration/with-tenant.js'
import { inEachTrail, type UnreachedTrail } from './in-trail.js'
import { findTrails, type TrailChoice } from './maintained-places.js'

export interface MadeCheckpoints {
  readonly made: readonly SignedCheckpoint[]
  readonly unreached: readonly UnreachedTrail[]
}

/** Signed words on how far each trail has come, which the databases keep, too. */
export async function makeCheckpoints(env: NodeJS.ProcessEnv, choice: TrailChoice): Promise<MadeCheckpoints> {
  return withInstallation(env, async ({ postgres: { auditMaintenance } }) => {
    const made: SignedCheckpoint[] = []
    const places = await findTrails(auditMaintenance, choice)
    const unreached = await inEachTrail(places, async (place) => {
      made.push(await auditMaintenance.checkpoint(place))
    })
    return { made, unreached }
  })
}

/** What the checkpoints of this installation are checked with, base64url. */
export async function readCheckpointKey(env: NodeJS.ProcessEnv): Promise<string> {
  return withInstallation(env, ({ postgres }) => Promise.resolve(postgres.auditMaintenance.publicKey))
}
