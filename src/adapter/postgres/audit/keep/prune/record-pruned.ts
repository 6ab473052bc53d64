import { randomUUID } from 'node:crypto'
import { sql, type Kysely } from 'kysely'
import type { Tenant } from '../../../../../core/identity/tenant.js'
import type { AuditTables } from '../../../schema/audit-schema.js'
import type { AuditRow } from '../../audit-row.js'
import type { AuditTrail } from '../../audit-trail.js'
import type { PrunedBy, PrunedRows } from './retention.js'
import type { KeptRecord } from './walk-front.js'

interface PrunedRecord {
  readonly trail: AuditTrail
  readonly tenant: Tenant | undefined
  readonly by: PrunedBy
  readonly pruned: PrunedRows
  /** What went with it although rows that stay need it. */
  readonly restated: readonly KeptRecord[]
}

/** Puts on record what was removed, and says again what of it has to stay said. */
export async function recordPruned(
  step: Kysely<AuditTables>,
  { by, pruned, restated, tenant, trail }: PrunedRecord,
): Promise<void> {
  const event = { type: 'audit.maintained', tenant, subject: by, requestId: randomUUID() } as const
  const { chain, from, rows, to } = pruned
  const needed: AuditRow[] = []
  for (const { detail, reason } of restated) {
    const reference = detail['reference']
    if (reason === 'erased' && typeof reference === 'string' && !(await isNamed(step, reference))) continue
    needed.push({ event: { ...event, reason, detail }, count: 1 })
  }
  await trail.add(step, [
    { event: { ...event, reason: 'pruned', detail: { chain, from, to, rows } }, count: 1 },
    ...needed,
  ])
}

async function isNamed(step: Kysely<AuditTables>, reference: string): Promise<boolean> {
  const { rows } = await sql`select from audit_event where erased_by = ${reference} limit 1`.execute(step)
  return rows.length > 0
}
