import type { UnreachedPlace } from '../../adapter/postgres/audit/keep/audit-maintenance.js'
import { isSignedBy, type SignedCheckpoint } from '../../core/audit/audit-checkpoint.js'
import type { AuditFault, AuditProgress, AuditReport } from '../../core/audit/audit-verification.js'
import { withInstallation } from '../administration/with-tenant.js'
import { findTrails, type TrailChoice } from './maintained-places.js'

export interface AuditCheck {
  readonly choice: TrailChoice
  /** Those that were kept elsewhere. */
  readonly checkpoints: readonly SignedCheckpoint[]
  readonly onProgress: (progress: AuditProgress) => void
}

/** What was found in the trails. */
export interface AuditVerdict {
  readonly reports: readonly AuditReport[]
  readonly unreached: readonly UnreachedPlace[]
  /** Of checkpoints whose database was not looked at. */
  readonly faults: readonly AuditFault[]
}

/** Looks whether the trails are as they were written. Throws `UpstreamError` where master does not answer. */
export async function verifyAudit(env: NodeJS.ProcessEnv, check: AuditCheck): Promise<AuditVerdict> {
  return withInstallation(env, async ({ postgres: { auditMaintenance } }) => {
    const places = await findTrails(auditMaintenance, check.choice)
    const { unmatched, ...verified } = await auditMaintenance.verify({ ...check, places })
    const faults = unmatched.flatMap((checkpoint) => judge(checkpoint, auditMaintenance.publicKey, check.choice))
    return { ...verified, faults }
  })
}

/** How many faults those are in all. */
export function faultsIn({ faults, reports }: AuditVerdict): number {
  return reports.reduce((all, { faultCount }) => all + faultCount, faults.length)
}

/** A checkpoint of a database that is not among those that were looked at. */
function judge(checkpoint: SignedCheckpoint, publicKey: string, choice: TrailChoice): readonly AuditFault[] {
  const { at, key, place, tenant } = checkpoint
  if (checkpoint.publicKey !== publicKey) {
    return [{ kind: 'checkpoint_foreign', at, what: `the checkpoint is of another installation (${key})` }]
  }
  if (!isSignedBy(checkpoint, publicKey)) {
    return [{ kind: 'checkpoint_forged', at, what: 'the signature of the checkpoint does not hold' }]
  }
  if (choice !== 'everywhere') return []
  return [
    { kind: 'chain_missing', at, what: `the database of the checkpoint is gone: ${tenant ?? 'master'} (${place})` },
  ]
}
