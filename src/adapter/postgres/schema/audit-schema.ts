import { sql, type Generated, type Kysely } from 'kysely'
import type { MigrationSchema } from './migrate.js'

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
