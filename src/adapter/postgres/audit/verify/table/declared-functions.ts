import {
  beginSource,
  forwardSource,
  intentsSource,
  maintainedSource,
  openIntentsSource,
  refuseSource,
  standsSource,
  unsettledSource,
} from '../../../schema/audit/audit-functions.js'

/** A step that makes something of the trail, by its name without the number: the same in master and in tenants' databases. */
export type TrailStep = 'audit-chain' | 'audit-intents' | 'audit-lengths' | 'audit-searches' | 'begin'

/** A function of ours that guards the trail, or does something in it with the rights of its owner. */
export interface AuditFunction {
  readonly name: string
  /** The types of its arguments. */
  readonly takes: string
  readonly returns: string
  /** What it calls its arguments, and the columns that it answers with. */
  readonly names: readonly string[]
  /** Whether it runs with the rights of its owner. */
  readonly isDefiner: boolean
  readonly source: string
}

export interface DeclaredFunction extends AuditFunction {
  readonly step: TrailStep
  /** The step that makes another of it; absent where it is the last one. */
  readonly until?: TrailStep
}

const trigger = { takes: '', returns: 'trigger', names: [], isDefiner: false, step: 'audit-chain' } as const

/** As the migrations make them. */
export const auditFunctions: readonly DeclaredFunction[] = [
  {
    ...trigger,
    name: 'audit_begin',
    source: beginSource,
  },
  {
    ...trigger,
    name: 'audit_refuse',
    source: refuseSource,
  },
  {
    ...trigger,
    name: 'audit_forward',
    source: forwardSource,
  },
  {
    name: 'audit_maintained',
    step: 'audit-chain',
    takes: 'oid',
    returns: 'boolean',
    names: ['of'],
    isDefiner: false,
    source: maintainedSource,
  },
  {
    name: 'audit_unsettled',
    step: 'audit-chain',
    until: 'audit-searches',
    takes: 'text, bigint',
    returns: 'record',
    names: [
      'of',
      'beyond',
      'type',
      'issuer',
      'subject',
      'client_id',
      'request_id',
      'intent_id',
      'trace_id',
      'operation',
    ],
    isDefiner: true,
    source: unsettledSource,
  },
  {
    name: 'audit_unsettled',
    step: 'audit-searches',
    takes: 'text, bigint, bigint',
    returns: 'record',
    names: [
      ...['of', 'beyond', 'numbers', 'looked', 'type', 'issuer', 'subject', 'client_id'],
      ...['request_id', 'intent_id', 'trace_id', 'operation'],
    ],
    isDefiner: true,
    source: openIntentsSource,
  },
  {
    name: 'audit_intents',
    step: 'audit-intents',
    takes: 'text, bigint, text[], text[]',
    returns: 'record',
    names: [
      ...['of', 'beyond', 'requests', 'intents', 'id', 'at', 'sequence', 'type', 'issuer', 'subject', 'client_id'],
      ...['request_id', 'intent_id', 'trace_id', 'operation', 'reason', 'milliseconds', 'detail', 'detail_kind'],
      ...['personal', 'personal_kind', 'count', 'salt', 'commitment', 'mac', 'erased_by', 'erasure_seal', 'before'],
    ],
    isDefiner: true,
    source: intentsSource,
  },
  {
    name: 'audit_stands',
    step: 'audit-chain',
    takes: 'text, bigint, bytea',
    returns: 'boolean',
    names: ['of', 'at', 'seal'],
    isDefiner: true,
    source: standsSource,
  },
]
