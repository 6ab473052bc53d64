import { sql, type Kysely } from 'kysely'
import type { MigrationSchema } from './migrate.js'

/** When a signing key begins to sign, and when it is published no longer. Keys of an older version sign as before. */
export async function addSigningKeyTerms(db: Kysely<MigrationSchema>): Promise<void> {
  await db.schema
    .alterTable('signing_key')
    .addColumn('signs_at', 'timestamptz', (column) => column.notNull().defaultTo(sql`clock_timestamp()`))
    .addColumn('ends_at', 'timestamptz')
    .execute()
  await sql`update signing_key set signs_at = created_at`.execute(db)
}
