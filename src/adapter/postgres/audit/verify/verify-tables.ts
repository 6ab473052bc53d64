import { sql, type QueryExecutorProvider } from 'kysely'
import type { Findings } from './findings.js'

interface ReadTable {
  readonly table: string
  readonly isTable: boolean
  readonly isFiltered: boolean
  readonly hasRules: boolean
  /** Triggers of ours that are gone, do not fire, or do something else. */
  readonly triggers: readonly string[]
}

/** Tables of the trail show every row to readers, and nothing that keeps rows from being changed by mistake was taken off. */
export async function verifyTables(db: QueryExecutorProvider, findings: Findings): Promise<void> {
  const { rows } = await sql<ReadTable>`
    select wanted.name as table,
      coalesce(c.relkind = 'r', false) as "isTable",
      coalesce(c.relrowsecurity, false) as "isFiltered",
      coalesce(c.relhasrules, false) and exists (select from pg_rewrite r where r.ev_class = c.oid) as "hasRules",
      array(
        select wanted.name || part.suffix from (values ('_rows'), ('_all')) as part (suffix)
        where not exists (
          select from pg_trigger t join pg_proc p on p.oid = t.tgfoid
          where t.tgrelid = c.oid and t.tgname = wanted.name || part.suffix and t.tgenabled in ('A', 'O') and t.tgqual is null
            and p.proname = case when wanted.name || part.suffix = 'audit_chain_rows' then 'audit_forward' else 'audit_refuse' end
        )
      ) as triggers
    from (values ('audit_event'), ('audit_chain'), ('audit_checkpoint')) as wanted (name)
    left join pg_class c on c.oid = to_regclass(wanted.name)
  `.execute(db)
  for (const table of rows) {
    for (const what of changesOf(table)) findings.add({ kind: 'table_changed', what: `${table.table} ${what}` })
  }
}

function changesOf({ hasRules, isFiltered, isTable, triggers }: ReadTable): readonly string[] {
  // Whatever else stands there has none of the rest.
  if (!isTable) return ['is no table: readers are shown what somebody else has chosen']
  return [
    ...(isFiltered ? ['has row-level security: readers may not be shown every row'] : []),
    ...(hasRules ? ['has rules: readers may be shown something else'] : []),
    ...triggers.map((name) => `is without what guards its rows: the trigger ${name} is gone, off or another`),
  ]
}
