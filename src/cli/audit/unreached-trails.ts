import type { UnreachedTrail } from '../../app/audit/in-trail.js'
import { UpstreamError } from '../../core/error/upstream-error.js'

/** Throws `UpstreamError` where there are any, which names them after what was not done there. */
export function refuseUnreached(what: string, unreached: readonly UnreachedTrail[]): void {
  if (unreached.length === 0) return
  const names = unreached.map(({ failure, tenant }) => `${tenant ?? 'master'}: ${failure}`).join('; ')
  throw new UpstreamError('TENANT_UNAVAILABLE', `${what}: ${names}`)
}
