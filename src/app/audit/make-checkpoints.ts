import type { SignedCheckpoint } from '../../core/audit/audit-checkpoint.js'
import { withInstallation } from '../administration/with-tenant.js'
import { findTrails, type TrailChoice } from './maintained-places.js'

/** Signed words on how far each trail has come, which the databases keep, too. */
export async function makeCheckpoints(
  env: NodeJS.ProcessEnv,
  choice: TrailChoice,
): Promise<readonly SignedCheckpoint[]> {
  return withInstallation(env, async ({ postgres: { auditMaintenance } }) => {
    const made: SignedCheckpoint[] = []
    for (const place of await findTrails(auditMaintenance, choice)) made.push(await auditMaintenance.checkpoint(place))
    return made
  })
}

/** What the checkpoints of this installation are checked with, base64url. */
export async function readCheckpointKey(env: NodeJS.ProcessEnv): Promise<string> {
  return withInstallation(env, ({ postgres }) => Promise.resolve(postgres.auditMaintenance.publicKey))
}
