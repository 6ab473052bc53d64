import { printableLine } from '../../text/printable.js'
import type { AuditFacts } from '../audit-event.js'
import type { AuditRecord } from '../audit-record.js'
import type { AuditOrigin } from './audit-origin.js'
import { severityOf } from './audit-severity.js'
import { formatJsonLine } from './format-json-line.js'

/** "log audit", RFC 5424 §6.2.1. */
const facility = 13
const severities = { information: 6, notice: 5, warning: 4 } as const
/**
 * Names of structured data that are not registered carry a private enterprise number (RFC 5424 §7.2.2). AuthSec has none; this
 * is the one that RFC 5612 keeps for examples, so that it is nobody else's.
 */
const structuredDataId = 'authsec@32473'
/** What RFC 5424 §6.1 wants every receiver to take, or to cut rather than refuse, is far less; RFC 5425 §4.3.1 wants them to take this. */
const mostBytes = 8192
/** Marks what follows as UTF-8, RFC 5424 §6.4. */
const byteOrderMark = '\ufeff'
/** How long texts may still be where a record does not fit as it is. */
const shorterTexts = [256, 128, 32] as const

/**
 * A record as a syslog message of RFC 5424, in UTF-8: who, what and where it stands in the trail as structured data, all of it as JSON.
 * A record that does not fit into 8192 bytes goes without its facts, and with texts cut short: its `detail` says `shortened`.
 */
export function formatSyslog(record: AuditRecord, origin: AuditOrigin): Buffer {
  let message = messageOf(record, origin)
  for (const characters of shorterTexts) {
    if (message.length <= mostBytes) break
    message = messageOf(shorten(record, characters), origin)
  }
  return message
}

/** A message as it goes over a stream: with its length before it (RFC 6587 §3.4.1), so that nothing in it can end it. */
export function frameSyslog(message: Buffer): Buffer {
  return Buffer.concat([Buffer.from(`${message.length} `), message])
}

function messageOf(record: AuditRecord, { host, process, version }: AuditOrigin): Buffer {
  const priority = facility * 8 + severities[severityOf(record)]
  const { at, type } = record
  const header = [`<${priority}>1`, at, word(host, 255), word('authsec', 48), word(process, 128), word(type, 32)]
  const text = byteOrderMark + formatJsonLine(record)
  return Buffer.from([...header, structuredData(record, version), text].join(' '))
}

function structuredData(record: AuditRecord, version: string): string {
  const { position } = record
  const parameters: readonly (readonly [string, string | number | undefined])[] = [
    ['version', version],
    ['tenant', record.tenant],
    ['decision', record.decision],
    ['reason', record.reason],
    ['operation', record.operation],
    ['subject', record.subject],
    ['client', record.clientId],
    ['request', record.requestId],
    ['trace', record.traceId],
    ['count', record.count],
    ['chain', position?.chain],
    ['sequence', position?.sequence],
  ]
  const said = parameters.flatMap(([name, value]) => (value === undefined ? [] : [` ${name}="${escaped(value)}"`]))
  return `[${structuredDataId}${said.join('')}]`
}

/** RFC 5424 §6.3.3. */
function escaped(value: string | number): string {
  return printableLine(String(value)).replace(/["\\\]]/g, '\\$&')
}

/** A field of the header: printable ASCII without blanks, of bounded length, and a dash where nothing is left. */
function word(text: string, longest: number): string {
  return text.replace(/[^!-~]/g, '').slice(0, longest) || '-'
}

function shorten(record: AuditRecord, characters: number): AuditRecord {
  const cut = (text: string | undefined): string | undefined =>
    text === undefined || text.length <= characters ? text : `${[...text].slice(0, characters).join('')}…`
  const shortened: AuditFacts = { shortened: 'true' }
  const { position } = record
  return {
    ...record,
    ...{ issuer: cut(record.issuer), subject: cut(record.subject), clientId: cut(record.clientId) },
    ...{ operation: cut(record.operation), reason: cut(record.reason), intentId: cut(record.intentId) },
    ...{ requestId: cut(record.requestId) ?? '', traceId: cut(record.traceId), tenant: cut(record.tenant) },
    position: position && { ...position, chain: cut(position.chain) ?? '' },
    detail: shortened,
    personal: undefined,
  }
}
