import { sql, type Kysely } from 'kysely'
import type { RegisteredTenant } from '../../../core/administration/registered-tenant.js'
import type { ConnectionSettings } from '../connection-settings.js'
import { withDatabase } from '../pool/with-database.js'
import type { TenantSchema } from '../schema/tenant-schema.js'
import { readTables, type TableShape } from './table-order.js'

export const exportFormat = 'authsec tenant 1'

/** The first line of an export. */
export interface ExportHeader {
  readonly format: typeof exportFormat
  readonly slug: string
  readonly name: string
  readonly exportedAt: string
  /** The schema's steps that the database had taken. */
  readonly steps: readonly string[]
  readonly tables: readonly TableShape[]
}

const rowsPerFetch = 500

/**
 * Writes a tenant's database as it is at one moment, one line of JSON each: a header, then `["table", row]`, and at the end how many there were. Passwords are hashes in
 * it; who is signed in is not. Answers with the number of rows.
 */
export async function exportTenant(
  settings: ConnectionSettings,
  { database, name, slug }: RegisteredTenant,
  write: (line: string) => Promise<void>,
): Promise<number> {
  const target = { settings, database, outage: 'TENANT_UNAVAILABLE' } as const
  return withDatabase<TenantSchema, number>(target, (db) =>
    db
      .transaction()
      .setIsolationLevel('repeatable read')
      .execute(async (step) => {
        await sql`set transaction read only`.execute(step)
        const tables = await readTables(step)
        const { steps, at } = await readPast(step)
        const header: ExportHeader = { format: exportFormat, slug, name, exportedAt: at, steps, tables }
        await write(JSON.stringify(header))
        let rows = 0
        for (const table of tables) rows += await writeTable(step, table, write)
        await write(JSON.stringify({ rows }))
        return rows
      }),
  )
}

async function readPast(
  step: Kysely<TenantSchema>,
): Promise<{ readonly steps: readonly string[]; readonly at: string }> {
  const { rows } = await sql<{ readonly steps: readonly string[]; readonly at: string }>`
    select array(select name from schema_migration order by name) as steps,
      to_char(now() at time zone 'utc', 'YYYY-MM-DD"T"HH24:MI:SS"Z"') as at
  `.execute(step)
  return rows[0] ?? { steps: [], at: '' }
}

/** As text all the way: numbers and times keep every digit. */
async function writeTable(
  step: Kysely<TenantSchema>,
  { columns, name }: TableShape,
  write: (line: string) => Promise<void>,
): Promise<number> {
  const listed = sql.join(columns.map((column) => sql.ref(column)))
  await sql`
    declare export no scroll cursor for
    select to_jsonb(exported)::text as row from (select ${listed} from ${sql.table(name)}) exported
  `.execute(step)
  let count = 0
  for (;;) {
    const { rows } = await sql<{ readonly row: string }>`fetch ${sql.lit(rowsPerFetch)} from export`.execute(step)
    for (const { row } of rows) await write(`[${JSON.stringify(name)},${row}]`)
    count += rows.length
    if (rows.length < rowsPerFetch) break
  }
  await sql`close export`.execute(step)
  return count
}
