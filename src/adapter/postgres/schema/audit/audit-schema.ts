import { sql, type Generated, type Kysely } from 'kysely'
import type {
  AuditAdoptedTable,
  AuditChainTable,
  AuditCheckpointTable,
  AuditCursorTable,
  AuditOutboxTable,
} from './audit-chain-schema.js'
import type { MigrationSchema } from '../migrate.js'

/** What the trail needs of a database; master and tenants all have it. */
export interface AuditTables {
  readonly audit_event: AuditEventTable
  readonly audit_chain: AuditChainTable
  readonly audit_outbox: AuditOutboxTable
  readonly audit_adopted: AuditAdoptedTable
  readonly audit_checkpoint: AuditCheckpointTable
  readonly audit_cursor: AuditCursorTable
}

/** One row per event, in master and in every tenant's database. */
export interface AuditEventTable {
  readonly id: Generated<string>
  readonly at: Generated<Date>
  readonly type: string
  readonly issuer: string | null
  readonly subject: string | null
  readonly client_id: string | null
  readonly request_id: string
  readonly operation: string | null
  readonly reason: string | null
  readonly detail: unknown
  /** How many equal events the row stands for. */
  readonly count: Generated<number>
  readonly trace_id: string | null
  /** Joins an intent and its outcome. */
  readonly intent_id: string | null
  readonly milliseconds: number | null
  /** Facts about people; with `subject` and `salt` what an erasure takes away. */
  readonly personal: unknown
  readonly salt: Uint8Array | null
  /** Over subject and personal facts. */
  readonly commitment: Uint8Array | null
  /** Absent, with `sequence` and `mac`, in rows of versions that had no chains. */
  readonly chain: string | null
  readonly sequence: string | null
  readonly mac: Uint8Array | null
  /** The reference of the erasure, and a seal over it. */
  readonly erased_by: string | null
  readonly erasure_seal: Uint8Array | null
}

/** Creates `audit_event`, which is the same in every database. */
export async function createAuditEvent(db: Kysely<MigrationSchema>): Promise<void> {
  await db.schema
    .createTable('audit_event')
    .addColumn('id', 'bigint', (column) => column.primaryKey().generatedAlwaysAsIdentity())
    .addColumn('at', 'timestamptz', (column) => column.notNull().defaultTo(sql`clock_timestamp()`))
    .addColumn('type', 'text', (column) => column.notNull())
    .addColumn('issuer', 'text')
    .addColumn('subject', 'text')
    .addColumn('client_id', 'text')
    .addColumn('request_id', 'text', (column) => column.notNull())
    .addColumn('operation', 'text')
    .addColumn('reason', 'text')
    .addColumn('detail', 'jsonb')
    .addColumn('count', 'integer', (column) => column.notNull().defaultTo(1))
    .execute()
}
