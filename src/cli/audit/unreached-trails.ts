import type { UnreachedTrail } from '../../app/audit/in-trail.js'
import { UpstreamError } from '../../core/error/upstream-error.js'

/** Throws `UpstreamError` where there are any, which names them after what was not done there. */
export function refuseUnreached(what: string, unreached: readonly UnreachedTrail[]): void {
  if (unreached.length === 0) return
  throw new UpstreamError('TENANT_UNAVAILABLE', `${what}: ${namesOf(unreached)}`)
}

/** Each with its failure. */
export function namesOf(unreached: readonly UnreachedTrail[]): string {
  return unreached.map(({ failure, tenant }) => `${tenant ?? 'master'}: ${failure}`).join('; ')
}
