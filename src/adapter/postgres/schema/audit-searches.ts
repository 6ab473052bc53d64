import { sql, type Kysely } from 'kysely'
import type { MigrationSchema } from './migrate.js'

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
      language sql stable security definer set search_path = pg_catalog, public, pg_temp as $$
        with open as materialized (
          select e.*
          from public.audit_event e
          where e.chain = of and e.sequence > beyond and e.sequence <= beyond + numbers and e.intent_id is not null
            and e.type in ('operation.allowed', 'credential.read')
            and not exists (
              select from public.audit_event o
              where o.request_id = e.request_id and o.intent_id = e.intent_id
                and o.type in ('operation.outcome', 'credential.outcome')
                -- No join: the chain is no way to find an outcome.
                and (select c.key from public.audit_chain c where c.name = o.chain)
                  = (select k.key from public.audit_chain k where k.name = of)
            )
        )
        select
          (select min(b.sequence) - 1 from public.audit_event b where b.chain = of and b.sequence > beyond + numbers),
          e.type, e.issuer, e.subject, e.client_id, e.request_id, e.intent_id, e.trace_id, e.operation
        from (values (1)) as always left join open e on true
        order by e.sequence
      $$
  `.execute(db)
  await sql`revoke all on function audit_unsettled(text, bigint, bigint) from public`.execute(db)
}
