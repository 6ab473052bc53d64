import { randomUUID } from 'node:crypto'
import type { AuditEvent } from '../../audit/audit-event.js'
import type { AuditLog } from '../../audit/audit-log.js'
import type { SessionDirectory } from '../../identity/session-directory.js'
import type { UpstreamEnd } from '../upstream-provider.js'
import type { TokenPlace } from './kept-tokens.js'

export interface EndingPorts {
  readonly sessions: Pick<SessionDirectory, 'endMadeWith'>
  readonly audit: Pick<AuditLog, 'record' | 'retain'>
  /** The installation's own issuer. */
  readonly ownIssuer: string
}

/**
 * Ends whatever an account has signed in with by a provider, once that says that it is over there, or vouches for somebody else: in
 * browsers, what clients were given then, and what those have opened. What it has signed in with otherwise stands: providers say the
 * same of tokens that nobody has used for a while (RFC 6749 §5.2 has one code for all), which says nothing of other ways in. Throws `UpstreamError` where something was out of reach.
 */
export async function endSignIns(
  { audit, ownIssuer, sessions }: EndingPorts,
  { account, provider, subject, tenant }: TokenPlace,
  reason: UpstreamEnd,
): Promise<void> {
  await sessions.endMadeWith(tenant, account, { provider, subject })
  const event: AuditEvent = {
    type: 'session.ended',
    ...{ reason, tenant, issuer: ownIssuer, subject: account, requestId: randomUUID(), detail: { provider } },
  }
  // What has ended has ended: where that cannot be recorded now, it is as soon as it can.
  await audit.record(event).catch(() => audit.retain(event))
}
