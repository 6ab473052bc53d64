import { sql, type QueryExecutorProvider } from 'kysely'

/** Lets the transaction of the database's owner change rows of the trail, which nobody else may; those who do take turns. */
export async function beginMaintenance(step: QueryExecutorProvider): Promise<void> {
  await sql`set local authsec.audit_maintenance = 'on'`.execute(step)
  await holdMaintenance(step)
}

/** Until the transaction ends, nobody removes or erases rows. */
export async function holdMaintenance(step: QueryExecutorProvider): Promise<void> {
  await sql`select pg_advisory_xact_lock(hashtextextended('authsec audit maintenance', 0))`.execute(step)
}
