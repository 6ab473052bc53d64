import { sql, type Kysely } from 'kysely'

/** Waits for a lock that processes connected to the same database take turns with; it ends with the connection at the latest. */
export async function lock<Schema>(db: Kysely<Schema>, name: string): Promise<void> {
  await sql`select pg_advisory_lock(${keyOf(name)})`.execute(db)
}

/** The lock, if nobody else holds it; whoever holds it may have it again. */
export async function tryLock<Schema>(db: Kysely<Schema>, name: string): Promise<boolean> {
  const { rows } = await sql<{ readonly got: boolean }>`select pg_try_advisory_lock(${keyOf(name)}) as got`.execute(db)
  return rows[0]?.got === true
}

export async function unlock<Schema>(db: Kysely<Schema>, name: string): Promise<void> {
  await sql`select pg_advisory_unlock(${keyOf(name)})`.execute(db)
}

/** Waits until nobody holds the lock alone; any number may share it. */
export async function lockShared<Schema>(db: Kysely<Schema>, name: string): Promise<void> {
  await sql`select pg_advisory_lock_shared(${keyOf(name)})`.execute(db)
}

export async function unlockShared<Schema>(db: Kysely<Schema>, name: string): Promise<void> {
  await sql`select pg_advisory_unlock_shared(${keyOf(name)})`.execute(db)
}

function keyOf(name: string) {
  return sql`hashtextextended(${`authsec ${name}`}, 0)`
}
