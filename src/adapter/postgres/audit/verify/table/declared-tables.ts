import { begunColumns, movedColumns, writtenColumns } from '../../../provision/tenant-login.js'
import type { TrailStep } from './declared-functions.js'

/** What a trigger fires for, as PostgreSQL keeps it. */
const when = { row: 1, before: 2, insert: 4, delete: 8, update: 16, truncate: 32 }
const changedRow = when.before + when.row + when.update + when.delete
const emptied = when.before + when.truncate

/** A table of the trail as the migrations make it. */
export interface DeclaredTable {
  readonly name: string
  readonly columns: Readonly<Record<string, string>>
  /** By the step that makes them. */
  readonly constraints: readonly { readonly step: TrailStep; readonly made: readonly string[] }[]
  readonly indexes: readonly string[]
  readonly triggers: Readonly<Record<string, Trigger>>
  /** What others than its owner may do, besides reading it. */
  readonly rights: readonly string[]
}

export interface Trigger {
  readonly calls: string
  readonly type: number
}

const number = 'bigint not null numbered'
const time = 'timestamp with time zone not null default clock_timestamp()'

/** No row of it is changed or removed by mistake. */
function guarded(table: string): DeclaredTable['triggers'] {
  return {
    [`${table}_rows`]: { calls: 'audit_refuse', type: changedRow },
    [`${table}_all`]: { calls: 'audit_refuse', type: emptied },
  }
}

function rightsOn(columns: readonly string[], right: string): readonly string[] {
  return columns.map((column) => `${right} (${column})`)
}

/** All of them, the same in every database. */
export const declaredTables: readonly DeclaredTable[] = [
  {
    name: 'audit_event',
    columns: {
      ...{ id: number, at: time, type: 'text not null', issuer: 'text', subject: 'text', client_id: 'text' },
      ...{ request_id: 'text not null', operation: 'text', reason: 'text', detail: 'jsonb' },
      ...{ count: 'integer not null default 1', trace_id: 'text', intent_id: 'text', milliseconds: 'double precision' },
      ...{ personal: 'jsonb', chain: 'text', sequence: 'bigint', salt: 'bytea', commitment: 'bytea', mac: 'bytea' },
      ...{ erased_by: 'text', erasure_seal: 'bytea' },
    },
    constraints: [
      { step: 'begin', made: ['audit_event_pkey primary key (id)'] },
      {
        step: 'audit-chain',
        made: [
          'audit_event_chained check (chain, mac, sequence)',
          'audit_event_number check (sequence)',
          'audit_event_time check (at)',
        ],
      },
      { step: 'audit-lengths', made: ['audit_event_chain_length check (chain)'] },
    ],
    indexes: ['audit_event_chain unique (chain, sequence)'],
    triggers: guarded('audit_event'),
    rights: rightsOn(writtenColumns, 'insert'),
  },
  {
    name: 'audit_chain',
    columns: {
      ...{ name: 'text not null', kind: 'text not null', place: 'text not null', key: 'text not null' },
      ...{ sequence: 'bigint not null default 0', mac: 'bytea not null', settled: 'bigint not null default 0' },
      ...{ holder: 'text', held_until: 'timestamp with time zone', anchor_sequence: 'bigint not null default 0' },
      ...{ anchor_mac: 'bytea', anchor_seal: 'bytea', created_at: time },
    },
    constraints: [
      {
        step: 'audit-chain',
        made: [
          ...['audit_chain_pkey primary key (name)', 'audit_chain_kind_check check (kind)'],
          'audit_chain_settled check (anchor_sequence, sequence, settled)',
          'audit_chain_numbers check (anchor_sequence, sequence, settled)',
        ],
      },
      {
        step: 'audit-lengths',
        made: ['audit_chain_lengths check (anchor_mac, anchor_seal, holder, key, mac, name, place)'],
      },
    ],
    indexes: [],
    triggers: {
      audit_chain_begin: { calls: 'audit_begin', type: when.before + when.row + when.insert },
      audit_chain_rows: { calls: 'audit_forward', type: changedRow },
      audit_chain_all: { calls: 'audit_refuse', type: emptied },
    },
    rights: [...rightsOn(begunColumns, 'insert'), ...rightsOn(movedColumns, 'update')],
  },
  {
    name: 'audit_checkpoint',
    columns: { id: number, at: time, document: 'text not null' },
    constraints: [
      {
        step: 'audit-chain',
        made: ['audit_checkpoint_pkey primary key (id)', 'audit_checkpoint_length check (document)'],
      },
    ],
    indexes: [],
    triggers: guarded('audit_checkpoint'),
    rights: [],
  },
  {
    name: 'audit_outbox',
    columns: { id: number, row: 'text not null', mac: 'bytea not null', at: time },
    constraints: [
      { step: 'audit-chain', made: ['audit_outbox_pkey primary key (id)', 'audit_outbox_length check (row)'] },
    ],
    indexes: [],
    triggers: {},
    rights: [...rightsOn(['row', 'mac'], 'insert'), 'delete'],
  },
  {
    name: 'audit_adopted',
    columns: { nonce: 'text not null' },
    constraints: [
      { step: 'audit-chain', made: ['audit_adopted_pkey primary key (nonce)', 'audit_adopted_length check (nonce)'] },
    ],
    indexes: [],
    triggers: {},
    rights: ['insert'],
  },
  {
    name: 'audit_cursor',
    columns: {
      ...{ destination: 'text not null', chain: 'text not null', sequence: 'bigint not null', sent_at: time },
    },
    constraints: [{ step: 'audit-chain', made: ['audit_cursor_pkey primary key (chain, destination)'] }],
    indexes: [],
    triggers: {},
    rights: [],
  },
]
