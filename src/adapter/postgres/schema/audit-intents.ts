import { sql, type Kysely } from 'kysely'
import type { MigrationSchema } from './migrate.js'

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
      language sql stable security definer set search_path = pg_catalog, public, pg_temp as $$
        select
          e.id::float8, (extract(epoch from e.at) * 1000000::numeric)::float8, e.sequence::float8, e.type, e.issuer, e.subject,
          e.client_id, e.request_id, e.intent_id, e.trace_id, e.operation, e.reason, e.milliseconds,
          e.detail, jsonb_typeof(e.detail), e.personal, jsonb_typeof(e.personal), e.count, e.salt, e.commitment, e.mac,
          e.erased_by, e.erasure_seal,
          case when c.anchor_sequence = e.sequence - 1::bigint then c.anchor_mac
            else (select b.mac from public.audit_event b where b.chain = e.chain and b.sequence = e.sequence - 1::bigint) end
        from unnest(requests, intents) as named (request_id, intent_id)
        join public.audit_event e on e.request_id = named.request_id and e.intent_id = named.intent_id
        join public.audit_chain c on c.name = e.chain
        where e.chain = of and e.sequence > beyond and e.type in ('operation.allowed', 'credential.read')
          and not exists (
            select from public.audit_event o
            where o.request_id = e.request_id and o.intent_id = e.intent_id
              and o.type in ('operation.outcome', 'credential.outcome')
              and (select k.key from public.audit_chain k where k.name = o.chain) = c.key
          )
      $$
  `.execute(db)
  await sql`revoke all on function audit_intents(text, bigint, text[], text[]) from public`.execute(db)
}
