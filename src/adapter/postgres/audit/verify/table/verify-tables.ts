import { sql, type Kysely, type QueryExecutorProvider } from 'kysely'
import type { AuditTables } from '../../../schema/audit/audit-schema.js'
import { masterMigrations } from '../../../schema/master-migrations.js'
import { tenantMigrations } from '../../../schema/tenant-migrations.js'
import type { Findings } from '../findings.js'
import { changesOf } from './compare-tables.js'
import { declaredTables } from './declared-tables.js'
import { readTables } from './read-tables.js'
import { verifyFunctions } from './verify-functions.js'
import { verifyNames, verifySessions } from './verify-names.js'

/**
 * Tables of the trail show every row to readers, and nothing that keeps rows from being written, or from being changed by mistake, was
 * taken off or added: they, their triggers and functions are as the migrations make them.
 */
export async function verifyTables(
  db: Kysely<AuditTables>,
  which: 'master' | 'tenant',
  findings: Findings,
): Promise<void> {
  await db.transaction().execute(async (step) => {
    await sql`set local search_path = pg_catalog`.execute(step)
    const missing = await stepsOfTrail(step, which)
    if (missing.length > 0) {
      findings.notes.add(
        `the database has not taken the steps ${missing.join(', ')} yet, and what they change is not looked at: authsec migrate takes them`,
      )
    }
    const found = await readTables(
      step,
      declaredTables.map(({ name }) => name),
    )
    for (const table of found) {
      const declared = declaredTables.find(({ name }) => name === table.name)
      const changes = declared && changesOf(declared, table, missing.length > 0 ? 'not yet' : 'all')
      for (const what of changes ?? []) findings.add({ kind: 'table_changed', what: `${table.name} ${what}` })
    }
    if (missing.length === 0) await verifyFunctions(step, findings)
    await verifyNames(step, findings)
    await verifySessions(step, findings)
  })
}

/** The steps that are still to be taken and are about the trail. */
async function stepsOfTrail(step: QueryExecutorProvider, which: 'master' | 'tenant'): Promise<readonly string[]> {
  const { rows } = await sql<{ readonly name: string }>`select name from public.schema_migration`.execute(step)
  const taken = new Set(rows.map(({ name }) => name))
  return (which === 'master' ? masterMigrations : tenantMigrations)
    .map(({ name }) => name)
    .filter((name) => name.includes('audit') && !taken.has(name))
}
