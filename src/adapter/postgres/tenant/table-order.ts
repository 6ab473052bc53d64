import { sql, type Kysely } from 'kysely'

/** A table of a tenant's database with its columns. */
export interface TableShape {
  readonly name: string
  readonly columns: readonly string[]
}

/** What is not taken along: what a database has by itself, who is signed in at the moment, who is sent its trail, what waits beside that and is no more than this database's, what providers and services gave this installation alone, and links that are under way. */
const left = new Set([
  ...['schema_migration', 'policy_version', 'session', 'kept_token', 'account_link'],
  ...[
    'audit_adopted',
    'audit_cursor',
    'audit_outbox',
    'service_connection',
    'service_credential',
    'service_rotation',
    'service_sign_in',
  ],
])

/** The tables of a tenant that make it what it is, each after those that its rows refer to. */
export async function readTables<Schema>(db: Kysely<Schema>): Promise<readonly TableShape[]> {
  const { rows } = await sql<TableShape & { readonly refersTo: readonly string[] }>`
    select c.relname as name,
      array(
        select attname::text from pg_attribute
        where attrelid = c.oid and attnum > 0 and not attisdropped and attgenerated = '' order by attnum
      ) as columns,
      array(
        select distinct confrelid::regclass::text from pg_constraint where conrelid = c.oid and contype = 'f'
      ) as "refersTo"
    from pg_class c where c.relnamespace = 'public'::regnamespace and c.relkind = 'r' order by c.relname
  `.execute(db)
  const waiting = rows.filter(({ name, refersTo }) => !left.has(name) && refersTo.every((other) => !left.has(other)))
  const ordered: TableShape[] = []
  while (waiting.length > 0) {
    const next = waiting.findIndex(({ name, refersTo }) =>
      refersTo.every((other) => other === name || waiting.every((table) => table.name !== other)),
    )
    // Tables that refer to each other in a circle would never come: there are none.
    const [table] = waiting.splice(Math.max(next, 0), 1)
    if (table !== undefined) ordered.push({ name: table.name, columns: table.columns })
  }
  return ordered
}
