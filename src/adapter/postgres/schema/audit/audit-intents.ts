import { sql, type Kysely } from 'kysely'
import { intentsSource } from './audit-functions.js'
import type { MigrationSchema } from '../migrate.js'

/**
 * Whole rows of intents without an outcome, by what they are called, for whoever may add to the trail and not read it: with the seal
 * it finds out whether they are as they were written before it says what became of them.
 */
export async function createIntents(db: Kysely<MigrationSchema>): Promise<void> {
  await sql`
    create function audit_intents(of text, beyond bigint, requests text[], intents text[])
      returns table (
        id double precision, at double precision, sequence double precision, type text, issuer text, subject text, client_id text,
        request_id text, intent_id text, trace_id text, operation text, reason text, milliseconds double precision,
        detail jsonb, detail_kind text, personal jsonb, personal_kind text, count integer, salt bytea, commitment bytea, mac bytea,
        erased_by text, erasure_seal bytea, before bytea
      )
      language sql stable security definer set search_path = pg_catalog, public, pg_temp as $$${sql.raw(intentsSource)}$$
  `.execute(db)
  await sql`revoke all on function audit_intents(text, bigint, text[], text[]) from public`.execute(db)
}
