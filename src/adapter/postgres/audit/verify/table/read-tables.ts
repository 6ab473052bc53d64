import { sql, type QueryExecutorProvider } from 'kysely'
import type { Trigger } from './declared-tables.js'

/** A table of the trail as it stands. */
export interface FoundTable {
  readonly name: string
  /** Whether it is a plain table of our schema, which outlives a crash. */
  readonly isTable: boolean
  readonly isLogged: boolean
  readonly isFiltered: boolean
  readonly isJoined: boolean
  readonly hasRules: boolean
  readonly columns: Readonly<Record<string, string>>
  readonly constraints: readonly string[]
  /** Those that bear on what may be written, and no constraint has made. */
  readonly indexes: readonly string[]
  readonly triggers: Readonly<Record<string, Trigger>>
  /** Of others than the owner, besides reading. */
  readonly rights: readonly { readonly holder: string; readonly right: string }[]
  /** What is called as rows are written and is no function or operator of PostgreSQL's. */
  readonly foreignCalls: boolean
  /** Logins of tenants' requests that may do what the owner may. */
  readonly owners: readonly string[]
}

/** PostgreSQL's own things have smaller numbers, whatever its version. */
export const firstForeign = 16_384
const mostColumns = 200

const columns = sql`
  select coalesce(jsonb_object_agg(a.attname, concat(
    format_type(a.atttypid, a.atttypmod),
    case when a.attcollation <> t.typcollation then ' collate another' end,
    case when a.attnotnull then ' not null' end,
    case when a.attidentity <> '' then ' numbered' end,
    case when a.attgenerated <> '' then ' computed ' || pg_get_expr(d.adbin, d.adrelid)
      else ' default ' || pg_get_expr(d.adbin, d.adrelid) end
  )), '{}')
  from pg_attribute a join pg_type t on t.oid = a.atttypid
  left join pg_attrdef d on d.adrelid = a.attrelid and d.adnum = a.attnum
  where a.attrelid = c.oid and a.attnum between 1 and ${mostColumns} and not a.attisdropped
`

/** NOT NULL is a constraint, too, from PostgreSQL 18 on, which also has such as are not enforced. */
const constraints = sql`
  select coalesce(jsonb_agg(concat(
    k.conname, ' ',
    case k.contype when 'c' then 'check' when 'p' then 'primary key' when 'u' then 'unique' else 'of kind ' || k.contype::text end,
    ' (', array_to_string(array(
      select a.attname from pg_attribute a where a.attrelid = c.oid and a.attnum = any(k.conkey) order by a.attname collate "C"
    ), ', '), ')',
    case when k.condeferrable or to_jsonb(k)->>'conenforced' = 'false' then ' that does not hold at once' end
  )), '[]')
  from pg_constraint k where k.conrelid = c.oid and k.contype not in ('n', 't')
`

const indexes = sql`
  select coalesce(jsonb_agg(concat(
    i.relname, case when x.indisunique then ' unique' end, ' (', array_to_string(array(
      select coalesce(a.attname, 'computed') from unnest(x.indkey::int2[]) with ordinality as k (attnum, nth)
      left join pg_attribute a on a.attrelid = c.oid and a.attnum = k.attnum order by k.nth
    ), ', '), ')',
    case when x.indpred is not null then ' in part' end,
    case when not (x.indisvalid and x.indisready and x.indislive and x.indimmediate) then ' that does not hold' end
  )), '[]')
  from pg_index x join pg_class i on i.oid = x.indexrelid
  where x.indrelid = c.oid and (x.indisunique or x.indexprs is not null or x.indpred is not null)
    and not exists (select from pg_constraint k where k.conindid = x.indexrelid and k.conrelid = c.oid)
`

const triggers = sql`
  select coalesce(jsonb_object_agg(t.tgname, jsonb_build_object(
    'calls', case when n.nspname = 'public' then p.proname else n.nspname || '.' || p.proname end,
    'type', case
      when t.tgenabled in ('A', 'O') and t.tgqual is null and t.tgnargs = 0 and t.tgattr::text = '' then t.tgtype
      else 0
    end
  )), '{}')
  from pg_trigger t join pg_proc p on p.oid = t.tgfoid join pg_namespace n on n.oid = p.pronamespace
  where t.tgrelid = c.oid and not t.tgisinternal
`

const rights = sql`
  select coalesce(jsonb_agg(jsonb_build_object('holder', coalesce(r.rolname, 'everybody'), 'right', found.what)), '[]')
  from (
    select grantee, lower(privilege_type) as what, privilege_type from aclexplode(c.relacl)
    union all
    select acl.grantee, lower(acl.privilege_type) || ' (' || a.attname || ')', acl.privilege_type
    from pg_attribute a cross join lateral aclexplode(a.attacl) as acl where a.attrelid = c.oid and not a.attisdropped
  ) as found left join pg_roles r on r.oid = found.grantee
  where found.grantee <> c.relowner and found.privilege_type in ('INSERT', 'UPDATE', 'DELETE', 'TRUNCATE', 'TRIGGER')
`

const foreignCalls = sql`
  select from pg_depend d
  where d.refclassid in ('pg_proc'::regclass, 'pg_operator'::regclass) and d.refobjid >= ${sql.lit(firstForeign)}::oid and (
    (d.classid = 'pg_attrdef'::regclass and d.objid in (select oid from pg_attrdef where adrelid = c.oid))
    or (d.classid = 'pg_constraint'::regclass and d.objid in (select oid from pg_constraint where conrelid = c.oid))
    or (d.classid = 'pg_class'::regclass and d.objid in (select indexrelid from pg_index where indrelid = c.oid))
  )
`

const owners = sql`
  select coalesce(jsonb_agg(r.rolname), '[]') from pg_roles r
  where shobj_description(r.oid, 'pg_authid') like 'authsec tenant %' and pg_has_role(r.oid, c.relowner, 'member')
`

/** Those of the given names, by a search path that has nothing but PostgreSQL's own. */
export async function readTables(
  step: QueryExecutorProvider,
  names: readonly string[],
): Promise<readonly FoundTable[]> {
  const { rows } = await sql<FoundTable>`
    select wanted.name,
      coalesce(c.relkind = 'r', false) as "isTable", c.relpersistence = 'p' as "isLogged", c.relrowsecurity as "isFiltered",
      exists (select from pg_inherits i where c.oid in (i.inhparent, i.inhrelid)) as "isJoined",
      exists (select from pg_rewrite w where w.ev_class = c.oid) as "hasRules",
      (${columns}) as columns, (${constraints}) as constraints, (${indexes}) as indexes, (${triggers}) as triggers,
      (${rights}) as rights, exists (${foreignCalls}) as "foreignCalls", (${owners}) as owners
    from unnest(${names}::text[]) with ordinality as wanted (name, nth)
    left join pg_class c on c.relname = wanted.name and c.relnamespace = 'public'::regnamespace
    order by wanted.nth
  `.execute(step)
  return rows
}
