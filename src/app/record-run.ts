import { randomUUID } from 'node:crypto'
import type { AuditEvent, AuditFacts } from '../core/audit/audit-event.js'
import { packageVersion } from './package-version.js'
import type { Foundations, ServerOptions } from './server-options.js'
import type { TransportKind } from './settings/settings.js'

/**
 * Puts on record that this server runs, as what and how far open, and at its end that it does not any more. Neither is waited for
 * during an outage: what has happened is written as soon as it can be.
 */
export async function recordRun(
  options: ServerOptions,
  { data, publicUrl, stack }: Foundations,
  transport: TransportKind,
): Promise<void> {
  const { audit } = data.postgres
  const { clientId } = options.settings
  const event = { tenant: undefined, clientId, requestId: randomUUID(), detail: factsOf(options, publicUrl, transport) }
  const started: AuditEvent = { ...event, type: 'server.started' }
  await audit.record(started).catch(() => audit.retain(started))
  stack.add(async () => audit.retain({ ...event, type: 'server.stopped' }))
}

/** What decides how safe a server is; nothing that is secret, and no place of one. */
function factsOf(
  { appName, pastedTokens, sessions, settings }: ServerOptions,
  publicUrl: string,
  transport: TransportKind,
): AuditFacts {
  const { allowedOrigins, host, issuers, login, mode, ownIssuer, trustedProxies, vault } = settings
  return {
    ...{ version: packageVersion(), application: appName, publicUrl, transport, mode, login, host },
    ...{ ownIssuer, sessions, pastedTokens, credentials: vault === undefined ? 'local' : 'vault' },
    ...{ issuers: issuers.map(({ issuer }) => issuer), allowedOrigins, trustedProxies },
  }
}
