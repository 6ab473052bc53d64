import { randomUUID } from 'node:crypto'
import { sql, type Kysely, type QueryExecutorProvider } from 'kysely'
import type { Tenant } from '../../../../core/identity/tenant.js'
import type { AuditTables } from '../../schema/audit/audit-schema.js'
import type { AuditTrail } from '../audit-trail.js'

/** Somebody to whom the trail of a database was sent. */
export interface KnownReceiver {
  readonly destination: string
  /** How many rows that are in chains it does not have. */
  readonly behind: number
  /** When it last took any. */
  readonly sentAt: Date
}

export interface ForgottenReceiver {
  readonly trail: AuditTrail
  /** `undefined` for master. */
  readonly tenant: Tenant | undefined
  readonly destination: string
  /** Who has it forgotten. */
  readonly by: `cli:${string}`
}

/** Everybody whom the retention waits for, in the order of their names. */
export async function listReceivers(db: QueryExecutorProvider): Promise<readonly KnownReceiver[]> {
  const { rows } = await sql<KnownReceiver>`
    select d.destination, d.sent_at as "sentAt", coalesce((
      select sum(greatest(a.sequence - greatest(coalesce(c.sequence, 0), a.anchor_sequence), 0))
      from audit_chain a left join audit_cursor c on c.destination = d.destination and c.chain = a.name
      where a.kind <> 'legacy'
    ), 0)::float8 as behind
    from (select destination, max(sent_at) as sent_at from audit_cursor group by destination) d
    order by d.destination
  `.execute(db)
  return rows
}

/** Nobody waits for it any more, which is on record; whether it was there. */
export async function forgetReceiver(
  db: Kysely<AuditTables>,
  { by, destination, tenant, trail }: ForgottenReceiver,
): Promise<boolean> {
  return db.transaction().execute(async (step) => {
    const { numAffectedRows } = await sql`delete from audit_cursor where destination = ${destination}`.execute(step)
    if (numAffectedRows === undefined || numAffectedRows === 0n) return false
    const event = { type: 'audit.maintained', tenant, subject: by, requestId: randomUUID() } as const
    await trail.add(step, [{ event: { ...event, reason: 'receiver_forgotten', detail: { destination } }, count: 1 }])
    return true
  })
}
