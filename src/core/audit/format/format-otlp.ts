import type { AuditFacts } from '../audit-event.js'
import type { AuditRecord } from '../audit-record.js'
import type { AuditOrigin } from './audit-origin.js'
import { severityOf } from './audit-severity.js'
import { titleOf } from './audit-title.js'
import { clientAddressOf } from './client-address.js'

/** `AnyValue` of opentelemetry-proto, as its JSON has it: integers of 64 bits are texts. */
type OtlpValue =
  | { readonly stringValue: string }
  | { readonly intValue: string }
  | { readonly doubleValue: number }
  | { readonly boolValue: boolean }
  | { readonly arrayValue: { readonly values: readonly OtlpValue[] } }
  | { readonly kvlistValue: { readonly values: readonly OtlpAttribute[] } }

interface OtlpAttribute {
  readonly key: string
  readonly value: OtlpValue
}

/** Numbers and names of `SeverityNumber`. */
const severities = {
  information: { severityNumber: 9, severityText: 'INFO' },
  notice: { severityNumber: 10, severityText: 'INFO2' },
  warning: { severityNumber: 13, severityText: 'WARN' },
} as const

/** Records as the JSON of `ExportLogsServiceRequest` (opentelemetry-proto, logs v1), each an event of its own name. */
export function formatOtlp(records: readonly AuditRecord[], { host, process, version }: AuditOrigin): string {
  const resource = attributes([
    ['service.name', 'authsec'],
    ['service.version', version],
    ['service.instance.id', `${host}/${process}`],
    ['host.name', host],
  ])
  const scope = { name: 'authsec.audit', version: wellFormed(version) }
  const logRecords = records.map(logRecord)
  return JSON.stringify({
    resourceLogs: [{ resource: { attributes: resource }, scopeLogs: [{ scope, logRecords }] }],
  })
}

function logRecord(record: AuditRecord) {
  const { operation, traceId, type } = record
  return {
    timeUnixNano: String(BigInt(Date.parse(record.at)) * 1_000_000n),
    ...severities[severityOf(record)],
    eventName: `authsec.${type}`,
    body: valueOf(operation === undefined ? titleOf(type) : `${titleOf(type)}: ${operation}`),
    attributes: attributesOf(record),
    ...(isTrace(traceId) ? { traceId } : {}),
  }
}

/** One that is not of this form makes receivers refuse all that comes with it. */
function isTrace(traceId: string | undefined): boolean {
  return traceId !== undefined && /^[\da-f]{32}$/.test(traceId) && !/^0+$/.test(traceId)
}

function attributesOf(record: AuditRecord): readonly OtlpAttribute[] {
  const { position } = record
  const place = position && [record.tenant ?? '', position.chain, position.sequence].join('/')
  return attributes([
    // By which receivers know a record that comes twice.
    ['log.record.uid', place],
    ['user.id', record.subject],
    ['client.address', clientAddressOf(record)],
    ['authsec.tenant', record.tenant],
    ['authsec.decision', record.decision],
    ['authsec.reason', record.reason],
    ['authsec.operation', record.operation],
    ['authsec.issuer', record.issuer],
    ['authsec.client', record.clientId],
    ['authsec.request', record.requestId],
    ['authsec.intent', record.intentId],
    ['authsec.milliseconds', record.milliseconds],
    ['authsec.count', record.count],
    ['authsec.detail', record.detail],
    ['authsec.personal', record.personal],
    ['authsec.erased', record.erased ? true : undefined],
    ['authsec.chain', position?.chain],
    ['authsec.sequence', position?.sequence],
  ])
}

type Fact = AuditFacts | AuditFacts[string] | true

function attributes(facts: readonly (readonly [string, Fact | undefined])[]): readonly OtlpAttribute[] {
  return facts.flatMap(([key, fact]) => (fact === undefined ? [] : [{ key: wellFormed(key), value: valueOf(fact) }]))
}

function valueOf(fact: Fact): OtlpValue {
  if (typeof fact === 'string') return { stringValue: wellFormed(fact) }
  if (fact === true) return { boolValue: true }
  if (typeof fact === 'number') return Number.isSafeInteger(fact) ? { intValue: String(fact) } : { doubleValue: fact }
  if (isList(fact)) return { arrayValue: { values: fact.map(valueOf) } }
  return { kvlistValue: { values: attributes(Object.entries(fact)) } }
}

function isList(fact: AuditFacts | readonly string[]): fact is readonly string[] {
  return Array.isArray(fact)
}

/** Protocol buffers have no half of a surrogate pair: one would make receivers refuse all that comes with it. */
function wellFormed(text: string): string {
  return text.replace(/\p{Cs}/gu, '\ufffd')
}
