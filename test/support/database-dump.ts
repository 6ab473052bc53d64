import type { Row } from './postgres.js'

type Query = (query: string) => Promise<readonly Row[]>

/** Every row of every table of a database as text, bytes in hexadecimal. */
export async function dumpOf(query: Query): Promise<ReadonlyMap<string, string>> {
  const tables = await query(`select tablename from pg_tables where schemaname = 'public'`)
  const dump = new Map<string, string>()
  for (const { tablename } of tables) {
    const rows = await query(`select t::text as row from "${String(tablename)}" t`)
    dump.set(String(tablename), rows.map(({ row }) => String(row)).join('\n'))
  }
  return dump
}

/** The forms in which a text would be in a dump. */
export function formsOf(text: string): readonly string[] {
  const bytes = [Buffer.from(text), Buffer.from(text, 'base64url')]
  return [text, ...bytes.filter(({ length }) => length >= 6).map((form) => form.toString('hex'))]
}
