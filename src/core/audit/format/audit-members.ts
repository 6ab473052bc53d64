import type { AuditFacts } from '../audit-event.js'
import type { AuditRecord } from '../audit-record.js'

/** What every format has of a record, in the order in which it is written. Facts are in the order of their names. */
export const auditMembers = [
  'at',
  'tenant',
  'type',
  'decision',
  'reason',
  'operation',
  'issuer',
  'subject',
  'clientId',
  'requestId',
  'traceId',
  'intentId',
  'milliseconds',
  'count',
  'detail',
  'personal',
  'erased',
  'chain',
  'sequence',
] as const

export type AuditMember = (typeof auditMembers)[number]

/** The members of a record; `tenant` is `null` in master, any other that says nothing is `undefined`. */
export type AuditValues = Readonly<Record<AuditMember, AuditFacts | string | number | true | null | undefined>>

/** A record, member by member. */
export function auditValues({ position, ...record }: AuditRecord): AuditValues {
  return {
    ...{ at: record.at, tenant: record.tenant ?? null, type: record.type },
    ...{ decision: record.decision, reason: record.reason, operation: record.operation },
    ...{ issuer: record.issuer, subject: record.subject, clientId: record.clientId },
    ...{ requestId: record.requestId, traceId: record.traceId, intentId: record.intentId },
    ...{ milliseconds: record.milliseconds, count: record.count },
    ...{ detail: factsInOrder(record.detail), personal: factsInOrder(record.personal) },
    erased: record.erased ? true : undefined,
    ...{ chain: position?.chain, sequence: position?.sequence },
  }
}

/** The facts by their names. */
export function factsInOrder(facts: AuditFacts | undefined): AuditFacts | undefined {
  return facts && Object.fromEntries(Object.entries(facts).toSorted(([one], [other]) => (one < other ? -1 : 1)))
}
