import { sql, type QueryExecutorProvider } from 'kysely'
import type { Findings } from '../findings.js'
import { firstForeign } from './read-tables.js'

const mostNamed = 100
const foreign = sql.lit(firstForeign)

/** Nobody but a superuser makes such, and only with a library that is on the server's disk. */
const isOfExtension = sql`
  l.lanname = 'c' and exists (
    select from pg_depend d where d.classid = 'pg_proc'::regclass and d.objid = p.oid and d.deptype = 'e'
  )
`

/**
 * What stands in the schemas that our statements look in and has the name of something of PostgreSQL's: where it fits what a statement
 * says better, it is taken instead.
 */
export async function verifyNames(step: QueryExecutorProvider, findings: Findings): Promise<void> {
  const { rows } = await sql<{ readonly what: string }>`
    with ours (schema) as (values ('public'::regnamespace), ('pg_catalog'::regnamespace))
    select 'the function ' || p.oid::regprocedure as what
    from pg_proc p join ours on ours.schema = p.pronamespace join pg_language l on l.oid = p.prolang
    where p.oid >= ${foreign}::oid and not (${isOfExtension}) and exists (
      select from pg_proc own where own.pronamespace = 'pg_catalog'::regnamespace and own.proname = p.proname and own.oid < ${foreign}::oid
    )
    union all
    select 'the operator ' || o.oid::regoperator
    from pg_operator o join ours on ours.schema = o.oprnamespace
    join pg_proc p on p.oid = o.oprcode join pg_language l on l.oid = p.prolang
    where o.oid >= ${foreign}::oid and not (${isOfExtension}) and exists (
      select from pg_operator own where own.oprname = o.oprname and own.oid < ${foreign}::oid
    )
    union all
    select 'the cast from ' || format_type(castsource, null) || ' to ' || format_type(casttarget, null)
    from pg_cast where oid >= ${foreign}::oid and castsource < ${foreign}::oid and casttarget < ${foreign}::oid
    order by what limit ${mostNamed}
  `.execute(step)
  for (const { what } of rows) {
    findings.add({ kind: 'function_changed', what: `${what} is not PostgreSQL’s, and may be taken for it` })
  }
}

/** What changes every session of the database as it begins. */
export async function verifySessions(step: QueryExecutorProvider, findings: Findings): Promise<void> {
  const { rows } = await sql<{ readonly what: string }>`
    select 'the event trigger ' || evtname || ' runs as somebody connects' as what
    from pg_event_trigger where evtevent = 'login' and evtenabled <> 'D'
    union
    select 'sessions begin with ' || setting
    from pg_db_role_setting s cross join lateral unnest(s.setconfig) as setting
    where s.setdatabase in (0, (select oid from pg_database where datname = current_database()))
      and (s.setrole = 0 or s.setrole = (select oid from pg_roles where rolname = current_user) or shobj_description(s.setrole, 'pg_authid') like 'authsec tenant %')
      and split_part(setting, '=', 1) in ('authsec.audit_maintenance', 'session_replication_role', 'role')
    union
    -- What the server's own settings say is in every session, that of verification among them.
    select concat('sessions begin with ', name, '=', value)
    from (values ('authsec.audit_maintenance', 'on'), ('session_replication_role', 'replica')) as off (name, value)
    where current_setting(name, true) = value
    order by what limit ${mostNamed}
  `.execute(step)
  for (const { what } of rows)
    findings.add({ kind: 'table_changed', what: `${what}: what guards the trail may be off` })
}
