import { hostname } from 'node:os'
import { createOtlpReceiver } from '../../adapter/audit-stream/create-otlp-receiver.js'
import { createSyslogReceiver } from '../../adapter/audit-stream/create-syslog-receiver.js'
import { createFetcher } from '../../adapter/net/create-fetcher.js'
import type { AuditReceiver } from '../../core/audit/stream/audit-receiver.js'
import { AuditStream } from '../../core/audit/stream/audit-stream.js'
import { StreamLease } from '../../core/audit/stream/stream-lease.js'
import type { Tenant } from '../../core/identity/tenant.js'
import { packageVersion } from '../package-version.js'
import type { ClosingStack } from '../closing-stack.js'
import type { Data } from '../open-data.js'
import type { ServerOptions } from '../server-options.js'

/** As long as a delivery may take. */
const milliseconds = 10_000

/** Begins to send the audit trail to where the settings say, until the server stops. */
export function openAuditStreams(
  options: Pick<ServerOptions, 'log' | 'settings'>,
  { data, stack }: { readonly data: Pick<Data, 'postgres'>; readonly stack: ClosingStack },
): void {
  const { directory, unsentAudit: unsent, rateLimiter } = data.postgres
  // Suspended ones, too.
  const tenants = (): Promise<readonly Tenant[]> => directory.signIns.tenants()
  for (const receiver of receiversOf(options)) {
    const lease = new StreamLease(rateLimiter, receiver.destination)
    const stream = new AuditStream({ receiver, unsent, tenants, lease, log: options.log })
    stream.start()
    stack.add(() => stream.close())
  }
}

function receiversOf({ log, settings }: Pick<ServerOptions, 'log' | 'settings'>): readonly AuditReceiver[] {
  const { ca: certificates, otlp, syslog } = settings.auditStreams
  const origin = { version: packageVersion(), host: hostname(), process: String(process.pid) }
  const ca = certificates === undefined ? [] : [certificates]
  const receivers: AuditReceiver[] = []
  if (syslog !== undefined) receivers.push(createSyslogReceiver({ target: syslog, ca, origin }))
  if (otlp !== undefined) {
    const headers = new Map([...otlp.headers].map(([name, value]) => [name, value.reveal()]))
    const fetcher = createFetcher({ ca, milliseconds })
    receivers.push(createOtlpReceiver({ url: otlp.url, headers, origin, fetcher, log }))
  }
  return receivers
}
