import { printableLine } from '../../text/printable.js'
import type { AuditRecord } from '../audit-record.js'
import { factsInOrder } from './audit-members.js'
import type { AuditOrigin } from './audit-origin.js'
import { severityOf } from './audit-severity.js'
import { titleOf } from './audit-title.js'
import { clientAddressOf } from './client-address.js'
import { jsonText } from './format-json-line.js'

const severities = { information: 2, notice: 3, warning: 6 } as const

/** A record in the Common Event Format, version 0: one line. The type is the signature, the reference that callers are shown the external id. */
export function formatCef(record: AuditRecord, { version }: Pick<AuditOrigin, 'version'>): string {
  const { type } = record
  const header = ['AuthSec', 'AuthSec', version, type, titleOf(type), String(severities[severityOf(record)])]
  return `CEF:0|${header.map(escapeHeader).join('|')}|${extension(record)}`
}

function extension(record: AuditRecord): string {
  const { position } = record
  const fields: readonly (readonly [string, string | number | undefined])[] = [
    ['rt', Date.parse(record.at)],
    ['suser', record.subject],
    ...source(clientAddressOf(record)),
    ['requestClientApplication', text(record.personal?.['userAgent'])],
    ['act', record.operation],
    ['outcome', record.decision],
    ['reason', record.reason],
    ['externalId', record.requestId],
    ['cnt', record.count],
    ...labelled('cs1', 'tenant', record.tenant),
    ...labelled('cs2', 'client', record.clientId),
    ...labelled('cs3', 'issuer', record.issuer),
    ...labelled('cs4', 'trace', record.traceId),
    ...labelled('cs5', 'position', position && `${position.chain}/${position.sequence}`),
    ...labelled('cs6', 'detail', detailOf(record)),
    // cn1 is for whole numbers alone.
    ...labelled('cfp1', 'milliseconds', record.milliseconds),
  ]
  return fields.flatMap(([key, value]) => (value === undefined ? [] : [`${key}=${escapeValue(value)}`])).join(' ')
}

/** With who acts for the user, for whom there is no field. */
function detailOf({ detail, personal }: AuditRecord): string | undefined {
  const actor = personal?.['actor']
  const facts = typeof actor === 'object' ? { ...detail, actor } : detail
  return facts && jsonText(factsInOrder(facts))
}

/** `src` is for IPv4 alone; addresses of the other kind have a field with a label. */
function source(address: string | undefined): readonly (readonly [string, string])[] {
  if (address === undefined) return []
  if (/^(\d{1,3}\.){3}\d{1,3}$/.test(address)) return [['src', address]]
  return /^[\da-f.]*:[\da-f:.]+$/i.test(address) ? labelled('c6a2', 'Source IPv6 Address', address) : []
}

function text(fact: unknown): string | undefined {
  return typeof fact === 'string' ? fact : undefined
}

function labelled<Value extends string | number>(
  key: string,
  label: string,
  value: Value | undefined,
): readonly (readonly [string, string | Value])[] {
  return value === undefined
    ? []
    : [
        [key, value],
        [`${key}Label`, label],
      ]
}

function escapeHeader(text: string): string {
  return printableLine(text).replace(/[\\|]/g, '\\$&')
}

/** Line breaks have sequences of their own; what else would not show is escaped as in JSON. */
function escapeValue(value: string | number): string {
  const lines = String(value).split(/\r\n|[\r\n]/)
  return lines.map((line) => printableLine(line).replace(/[\\=]/g, '\\$&')).join('\\n')
}
