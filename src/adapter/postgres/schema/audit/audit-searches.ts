import { sql, type Kysely } from 'kysely'
import { openIntentsSource } from './audit-functions.js'
import type { MigrationSchema } from '../migrate.js'

/** What is looked for in the trail takes no longer for all that is in it. */
export async function boundAuditSearches(db: Kysely<MigrationSchema>): Promise<void> {
  await boundUnsettled(db)
  // Otherwise whatever has come since the last vacuum, up to a fifth of all rows, is read with every span of time.
  await sql`alter index audit_event_at set (autosummarize = on)`.execute(db)
}

/**
 * The intents among so many numbers of a chain that no outcome in a chain of the same key has followed, each with the number up to
 * which there is nothing else to look at; nothing stands behind where that is null. It has a row without an intent where there are none.
 */
async function boundUnsettled(db: Kysely<MigrationSchema>): Promise<void> {
  await sql`drop function audit_unsettled(text, bigint)`.execute(db)
  await sql`
    create function audit_unsettled(of text, beyond bigint, numbers bigint)
      returns table (
        looked bigint, type text, issuer text, subject text, client_id text, request_id text, intent_id text, trace_id text,
        operation text
      )
      language sql stable security definer set search_path = pg_catalog, public, pg_temp as $$${sql.raw(openIntentsSource)}$$
  `.execute(db)
  await sql`revoke all on function audit_unsettled(text, bigint, bigint) from public`.execute(db)
}
