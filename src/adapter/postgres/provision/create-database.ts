import { sql, type Kysely } from 'kysely'
import { sqlState } from '../pool/database-failure.js'

const nameTaken = new Set(['42P04', '23505'])

export interface NewDatabase {
  readonly name: string
  /** A template of ours, copied as it is; without one the database is empty, in UTF-8 and ordered by bytes. */
  readonly template?: string | undefined
}

/** Creates a database that nobody can connect to yet: `openDatabase` follows. Answers `false`, and touches nothing, where the name is taken. */
export async function createDatabase<Schema>(db: Kysely<Schema>, { name, template }: NewDatabase): Promise<boolean> {
  const origin =
    template === undefined
      ? sql`template template0 encoding 'UTF8' locale_provider libc locale 'C'`
      : sql`template ${sql.id(template)}`
  try {
    await sql`create database ${sql.id(name)} ${origin} allow_connections false`.execute(db)
    return true
  } catch (error) {
    if (nameTaken.has(sqlState(error) ?? '')) return false
    throw error
  }
}

/** Lets the owner in, after revoking what PostgreSQL gives PUBLIC on every new database; both or neither. */
export async function openDatabase<Schema>(db: Kysely<Schema>, name: string): Promise<void> {
  await db.transaction().execute(async (step) => {
    await sql`revoke connect, temporary on database ${sql.id(name)} from public`.execute(step)
    await sql`alter database ${sql.id(name)} allow_connections true`.execute(step)
  })
}

/** Lets nobody in, so that the database can be copied. */
export async function shutDatabase<Schema>(db: Kysely<Schema>, name: string): Promise<void> {
  await sql`alter database ${sql.id(name)} allow_connections false`.execute(db)
}

/** Ends whoever is connected. One that is gone already is as good as dropped now. */
export async function dropDatabase(db: Kysely<unknown>, name: string): Promise<void> {
  await sql`drop database if exists ${sql.id(name)} with (force)`.execute(db)
}
