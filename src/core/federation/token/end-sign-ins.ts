import { randomUUID } from 'node:crypto'
import type { AuditEvent } from '../../audit/audit-event.js'
import type { AuditLog } from '../../audit/audit-log.js'
import type { SessionDirectory } from '../../identity/session-directory.js'
import type { UpstreamEnd } from '../upstream-provider.js'
import type { TokenPlace } from './kept-tokens.js'

export interface EndingPorts {
  readonly sessions: Pick<SessionDirectory, 'end' | 'ownersOf'>
  readonly audit: Pick<AuditLog, 'record' | 'retain'>
  /** The installation's own issuer. */
  readonly ownIssuer: string
}

/**
 * Ends whatever an account is signed in with, once its provider says that it is over there, or vouches for somebody else: of a session
 * in a browser, of what clients were given on it, and of what those have opened, nobody could tell apart which went back to the provider.
 * Throws `UpstreamError` where something was out of reach.
 */
export async function endSignIns(
  { audit, ownIssuer, sessions }: EndingPorts,
  { account, provider, tenant }: TokenPlace,
  reason: UpstreamEnd,
): Promise<void> {
  await sessions.end({ tenant, owners: await sessions.ownersOf(tenant, account), application: undefined })
  const event: AuditEvent = {
    type: 'session.ended',
    ...{ reason, tenant, issuer: ownIssuer, subject: account, requestId: randomUUID(), detail: { provider } },
  }
  // What has ended has ended: where that cannot be recorded now, it is as soon as it can.
  await audit.record(event).catch(() => audit.retain(event))
}
