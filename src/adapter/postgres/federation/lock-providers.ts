import { sql, type Kysely } from 'kysely'

const lockKey = 7_164_392_089

/** Administrators take turns at providers, and at what stands or falls with them, until the transaction ends. */
export async function lockProviders<Schema>(db: Kysely<Schema>): Promise<void> {
  await sql`select pg_advisory_xact_lock(${lockKey})`.execute(db)
}
