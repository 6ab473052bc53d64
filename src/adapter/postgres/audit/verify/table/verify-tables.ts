import { sql, type Kysely } from 'kysely'
import type { AuditTables } from '../../../schema/audit/audit-schema.js'
import type { Findings } from '../findings.js'
import { changesOf } from './compare-tables.js'
import { declaredTables } from './declared-tables.js'
import { readTables } from './read-tables.js'
import { readSteps, type TrailSteps } from './trail-steps.js'
import { judgeFunctions, readFunctions } from './verify-functions.js'
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
  // At one moment: a step that is taken meanwhile is there with all that it makes, or not yet.
  const atOnce = db.transaction().setIsolationLevel('repeatable read')
  await atOnce.execute(async (step) => {
    await sql`set local search_path = pg_catalog`.execute(step)
    const names = declaredTables.map(({ name }) => name)
    const [tables, functions] = [await readTables(step, names), await readFunctions(step)]
    const steps = await readSteps(step, which, { tables, functions })
    judgeSteps(steps, findings)
    for (const table of tables) {
      const declared = declaredTables.find(({ name }) => name === table.name)
      const changes = declared && changesOf(declared, table, steps)
      for (const what of changes ?? []) findings.add({ kind: 'table_changed', what: `${table.name} ${what}` })
    }
    judgeFunctions(functions, steps, findings)
    await verifyNames(step, findings)
    await verifySessions(step, findings)
  })
}

function judgeSteps({ missing, unrecorded }: TrailSteps, findings: Findings): void {
  if (missing.length > 0) {
    findings.notes.add(
      `the database has not taken the steps ${missing.join(', ')} yet, and what they change is not looked at: authsec migrate takes them`,
    )
  }
  for (const name of unrecorded) {
    const what = `schema_migration does not say that the step ${name} was taken, and what it makes, or a later step, is there`
    findings.add({ kind: 'table_changed', what })
  }
}
