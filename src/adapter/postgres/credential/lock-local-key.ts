import { sql, type Kysely } from 'kysely'

const lock = sql`hashtextextended('authsec local vault key', 0)`

/** Until the transaction ends, the local key is not taken away: whoever rotates it waits. */
export async function lockForWriting<Schema>(step: Kysely<Schema>): Promise<void> {
  await sql`select pg_advisory_xact_lock_shared(${lock})`.execute(step)
}

/** Whoever has begun to write has ended, and whoever begins now reads the keys anew. */
export async function awaitWriters<Schema>(step: Kysely<Schema>): Promise<void> {
  await sql`select pg_advisory_xact_lock(${lock})`.execute(step)
}
