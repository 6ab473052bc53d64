import { formatSyslog, frameSyslog } from '../../core/audit/format/format-syslog.js'
import type { AuditOrigin } from '../../core/audit/format/audit-origin.js'
import type { AuditReceiver } from '../../core/audit/stream/audit-receiver.js'
import { sendDatagrams } from './send-datagrams.js'
import { sendStream } from './send-stream.js'
import type { SyslogTarget } from './syslog-target.js'

export interface SyslogReceiverOptions {
  readonly target: SyslogTarget
  /** PEM certificates of authorities that are trusted besides those that Node brings along. */
  readonly ca: readonly string[]
  readonly origin: AuditOrigin
}

/**
 * A receiver of syslog: RFC 5424 messages over TLS (RFC 5425), TCP (RFC 6587) or UDP (RFC 5426). Syslog has no answers, so over a stream
 * it has taken what it has read up to the end before it closes; over UDP, nobody knows.
 */
export function createSyslogReceiver({ ca, origin, target }: SyslogReceiverOptions): AuditReceiver {
  const { host, port, transport } = target
  return {
    destination: `syslog ${transport}://${host}:${port}`,
    async deliver(records, signal) {
      const messages = records.map((record) => formatSyslog(record, origin))
      if (transport === 'udp') await sendDatagrams(target, messages, signal)
      else await sendStream({ ...target, transport, ca }, Buffer.concat(messages.map(frameSyslog)), signal)
      return records.length
    },
  }
}
