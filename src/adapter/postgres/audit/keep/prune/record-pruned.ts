import { randomUUID } from 'node:crypto'
import { sql, type Kysely } from 'kysely'
import type { Tenant } from '../../../../../core/identity/tenant.js'
import type { AuditTables } from '../../../schema/audit/audit-schema.js'
import type { AuditRow } from '../../audit-row.js'
import type { AuditTrail } from '../../audit-trail.js'
import type { PrunedRows, Retention } from './retention.js'
import type { KeptRecord } from './walk-front.js'

/** Rows of an erasure that went. */
export interface PrunedErasure {
  readonly reference: string
  readonly rows: number
}

interface PrunedRecord {
  readonly trail: AuditTrail
  readonly tenant: Tenant | undefined
  readonly retention: Pick<Retention, 'by' | 'cutoff'>
  readonly pruned: PrunedRows
  readonly erased: readonly PrunedErasure[]
  /** What went with it although rows that stay need it. */
  readonly restated: readonly KeptRecord[]
}

/** Puts on record what was removed, and says again what of it has to stay said. */
export async function recordPruned(
  step: Kysely<AuditTables>,
  { erased, pruned, restated, retention, tenant, trail }: PrunedRecord,
): Promise<void> {
  const event = { type: 'audit.maintained', tenant, subject: retention.by, requestId: randomUUID() } as const
  const { chain, from, rows, to } = pruned
  const before = new Date(Math.ceil(retention.cutoff / 1000)).toISOString()
  const removals = erased.map(({ reference, rows: removed }): AuditRow => {
    const detail = { reference, removed, removal: randomUUID() }
    return { event: { ...event, reason: 'erased', detail }, count: 1 }
  })
  const needed: AuditRow[] = []
  for (const { detail, reason } of restated) {
    const reference = detail['reference']
    if (reason === 'erased' && typeof reference === 'string' && !(await isNeeded(step, reference, detail))) continue
    needed.push({ event: { ...event, reason, detail }, count: 1 })
  }
  await trail.add(step, [
    { event: { ...event, reason: 'pruned', detail: { chain, from, to, rows, before } }, count: 1 },
    ...removals,
    ...needed,
  ])
}

/** As long as rows name the erasure; and how many of them went as long as it is on record how many there were. */
async function isNeeded(
  step: Kysely<AuditTables>,
  reference: string,
  { removal }: KeptRecord['detail'],
): Promise<boolean> {
  const { rows } = await sql`select from audit_event where erased_by = ${reference} limit 1`.execute(step)
  if (rows.length > 0 || removal === undefined) return rows.length > 0
  const { rows: records } = await sql`
    select from audit_event
    where type = 'audit.maintained' and reason = 'erased' and detail->>'reference' = ${reference} and detail->>'chained' is not null
    limit 1
  `.execute(step)
  return records.length > 0
}
