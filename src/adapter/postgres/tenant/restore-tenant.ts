import { sql, type Kysely } from 'kysely'
import { keepEarlierCodes } from '../schema/account-schema.js'
import { keptCodesStep, tenantMigrations } from '../schema/tenant-migrations.js'
import { sqlState } from '../pool/database-failure.js'
import { exportFormat, type ExportHeader } from './export-tenant.js'
import { readTables, type TableShape } from './table-order.js'

const rowsPerStatement = 500
/** `["table",` as an export writes it. */
const linePattern = /^\["([a-z_]{1,63})",(\{.*\})\]$/

/** What a tenant has come back with. */
export interface Restored {
  /** What people called it. */
  readonly name: string
  readonly rows: number
}

/**
 * Fills a new tenant's database from the lines of an export; `db` is connected to it, as its owner, in a transaction. Throws `TypeError`, naming the line, for what is no export or does not fit: nothing may be kept then.
 */
export async function restoreTenant<Schema>(db: Kysely<Schema>, lines: AsyncIterable<string>): Promise<Restored> {
  let header: ExportHeader | undefined
  let batch: Batch = { table: undefined, rows: [], from: 2 }
  let number = 0
  let rows = 0
  let said: number | undefined
  for await (const line of lines) {
    number += 1
    if (header === undefined) {
      header = parseHeader(line)
      await refuseStrangers(db, header)
      await empty(db, header)
      continue
    }
    if (said !== undefined) throw fault(number, 'there is something behind the end')
    said = rowsSaid(line)
    if (said !== undefined) continue
    const { name, row } = parseLine(line, number)
    const table = header.tables.find((known) => known.name === name)
    if (table === undefined) throw fault(number, `its header has no table ${name}`)
    if (batch.table !== table || batch.rows.length === rowsPerStatement) {
      await insert(db, batch)
      batch = { table, rows: [], from: number }
    }
    batch.rows.push(row)
    rows += 1
  }
  if (header === undefined) throw fault(1, 'the file is empty')
  if (said !== rows) throw fault(number + 1, 'the end is missing: the file was cut off, or lines were taken out')
  await insert(db, batch)
  await takeLaterSteps(db, header)
  await restartIdentities(db)
  await forgetCredentials(db)
  return { name: header.name, rows }
}

/** What an export says at its end. */
function rowsSaid(line: string): number | undefined {
  const said = /^\{"rows":(\d{1,15})\}$/.exec(line)?.[1]
  return said === undefined ? undefined : Number(said)
}

interface Batch {
  readonly table: TableShape | undefined
  readonly rows: string[]
  /** The line of the first row. */
  readonly from: number
}

async function insert<Schema>(db: Kysely<Schema>, { from, rows, table }: Batch): Promise<void> {
  if (table === undefined || rows.length === 0) return
  const columns = sql.join(table.columns.map((column) => sql.ref(column)))
  try {
    await sql`
      insert into ${sql.table(table.name)} (${columns}) overriding system value
      select ${columns} from jsonb_populate_recordset(null::${sql.table(table.name)}, ${`[${rows.join(',')}]`}::jsonb)
    `.execute(db)
  } catch (error) {
    if (!/^2[23]/.test(sqlState(error) ?? '')) throw error
    const last = from + rows.length - 1
    throw new TypeError(`lines ${from} to ${last}: a row of ${table.name} does not fit into the database`, {
      cause: error,
    })
  }
}

/** What a new database has by itself comes with the export. */
async function empty<Schema>(db: Kysely<Schema>, { tables }: ExportHeader): Promise<void> {
  await sql`set local authsec.audit_maintenance = 'on'`.execute(db)
  for (const { name } of [...tables].reverse()) await sql`delete from ${sql.table(name)}`.execute(db)
}

async function refuseStrangers<Schema>(db: Kysely<Schema>, { steps, tables }: ExportHeader): Promise<void> {
  const known = new Set(tenantMigrations.map(({ name }) => name))
  const newer = steps.find((step) => !known.has(step))
  if (newer !== undefined) throw fault(1, `it comes from a newer version, with the schema's step ${newer}`)
  const own = new Map((await readTables(db)).map(({ name, columns }) => [name, new Set(columns)]))
  for (const { name, columns } of tables) {
    const stranger = columns.find((column) => own.get(name)?.has(column) !== true)
    if (stranger !== undefined || !own.has(name)) throw fault(1, `there is no place for ${name}.${stranger ?? '*'}`)
  }
}

/** What migrations made of rows of their time, for rows of an export from before them. */
async function takeLaterSteps<Schema>(db: Kysely<Schema>, { steps, tables }: ExportHeader): Promise<void> {
  const hasCodes = tables.some(({ name }) => name === 'recovery_code')
  if (hasCodes && !steps.includes(keptCodesStep)) await keepEarlierCodes(db)
}

/** New rows go on counting where the old ones ended. */
async function restartIdentities<Schema>(db: Kysely<Schema>): Promise<void> {
  const { rows } = await sql<{ readonly table: string; readonly column: string }>`
    select c.relname as table, a.attname as column
    from pg_class c join pg_attribute a on a.attrelid = c.oid
    where c.relnamespace = 'public'::regnamespace and c.relkind = 'r' and a.attidentity <> '' and not a.attisdropped
  `.execute(db)
  for (const { column, table } of rows) {
    await sql`
      select setval(pg_get_serial_sequence(quote_ident(${table}), ${column}), greatest(max(${sql.ref(column)}), 1), max(${sql.ref(column)}) is not null)
      from ${sql.table(table)}
    `.execute(db)
  }
}

/** They are in no export, and what the tenant was when they were written is part of them. */
async function forgetCredentials<Schema>(db: Kysely<Schema>): Promise<void> {
  await sql`update service set credential_version = 0, credential_at = null where credential_version > 0`.execute(db)
}

function parseHeader(line: string): ExportHeader {
  const value = parseJson(line, 1)
  if (isHeader(value)) return value
  throw fault(1, `it is no export of a tenant (${exportFormat})`)
}

function isHeader(value: unknown): value is ExportHeader {
  if (typeof value !== 'object' || value === null || Reflect.get(value, 'format') !== exportFormat) return false
  const [steps, tables]: readonly unknown[] = [Reflect.get(value, 'steps'), Reflect.get(value, 'tables')]
  if (typeof Reflect.get(value, 'name') !== 'string') return false
  return isTexts(steps) && Array.isArray(tables) && tables.every(isTable)
}

function isTable(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return false
  const columns: unknown = Reflect.get(value, 'columns')
  return typeof Reflect.get(value, 'name') === 'string' && isTexts(columns)
}

function isTexts(value: unknown): boolean {
  return Array.isArray(value) && value.every((item) => typeof item === 'string')
}

/** The row stays text: numbers keep every digit. */
function parseLine(line: string, number: number): { readonly name: string; readonly row: string } {
  const [, name, row] = linePattern.exec(line) ?? []
  if (name === undefined || row === undefined) throw fault(number, 'it is no row of an export')
  parseJson(row, number)
  return { name, row }
}

function parseJson(text: string, number: number): unknown {
  try {
    return JSON.parse(text)
  } catch {
    throw fault(number, 'it is no JSON')
  }
}

function fault(line: number, reason: string): TypeError {
  return new TypeError(`line ${line}: ${reason}`)
}
