import { sql, type Kysely, type Transaction } from 'kysely'
import type {
  RotationActor,
  RotationClaim,
  RotationStore,
} from '../../../core/external-service/rotation/rotation-store.js'
import type { TenantSchema } from '../schema/tenant-schema.js'
import type { AuditTrail } from '../audit/audit-trail.js'

type Db = Kysely<TenantSchema>

/** Only while the service is what the credential was made for, and uses what it used then. */
export async function use(step: Db, claim: RotationClaim, version: number): Promise<boolean> {
  const { credentialVersion, id } = claim.service
  const { numUpdatedRows } = await step
    .updateTable('service')
    .from('service_rotation as r')
    .set({ credential_version: version, credential_at: sql<Date>`clock_timestamp()` })
    .where('service.id', '=', id)
    .where('service.credential_version', '=', credentialVersion)
    .whereRef('r.service_id', '=', 'service.id')
    .whereRef('r.revision', '=', 'service.revision')
    .executeTakeFirst()
  return numUpdatedRows === 1n
}

/** Another revision: whatever was made for the one before is not used any more. */
export async function touch(step: Db, id: string): Promise<boolean> {
  const { numUpdatedRows } = await step
    .updateTable('service')
    .set({ credential_at: sql<Date>`clock_timestamp()` })
    .where('id', '=', id)
    .executeTakeFirst()
  return numUpdatedRows === 1n
}

/** What became of putting a credential to use. */
export type Activated = Awaited<ReturnType<RotationStore['activate']>>

/** What was done for it is undone, and this is the answer. */
export class Undone extends Error {
  readonly answer: Activated

  constructor(answer: Activated) {
    super(answer)
    this.answer = answer
  }
}

/** What was done before `Undone` is thrown is undone. */
export async function allOrNothing(
  db: Db,
  work: (step: Transaction<TenantSchema>) => Promise<void>,
): Promise<Activated> {
  try {
    await db.transaction().execute(work)
    return 'activated'
  } catch (error) {
    if (error instanceof Undone) return error.answer
    throw error
  }
}

interface Recorded {
  readonly trail: AuditTrail
  readonly by: RotationActor
  readonly reason: 'failed' | 'succeeded'
  readonly version?: number | undefined
  readonly failure?: string
}

/** Puts on record how a rotation has ended, by the transaction that notes it. */
export async function record(step: Db, { id, service, tenant }: RotationClaim, recorded: Recorded): Promise<void> {
  const { by, failure, reason, trail, version } = recorded
  const detail = {
    ...{ service: service.name, before: service.credentialVersion },
    ...(version === undefined ? {} : { version }),
    ...(failure === undefined ? {} : { failure }),
  }
  const event = { type: 'credential.rotated', tenant, subject: by, requestId: id, reason, detail } as const
  await trail.add(step, [{ event, count: 1 }])
}
