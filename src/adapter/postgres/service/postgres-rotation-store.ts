import { randomUUID } from 'node:crypto'
import { sql, type Kysely } from 'kysely'
import type {
  ClaimAnswer,
  RotationActor,
  RotationClaim,
  RotationFailure,
  RotationIntent,
  RotationStatus,
  RotationStore,
} from '../../../core/external-service/rotation/rotation-store.js'
import type { ServiceStore } from '../../../core/external-service/service-store.js'
import type { Tenant } from '../../../core/identity/tenant.js'
import type { ChangeFeed } from '../../../core/runtime/change-feed.js'
import type { Databases } from '../databases.js'
import type { TenantSchema } from '../schema/tenant-schema.js'
import { isStorable } from '../storable-text.js'
import { epochSeconds } from '../store/epoch-seconds.js'
import { parseRotation } from './parse-rotation.js'
import { parseService, type ServiceRow } from './parse-service.js'
import { allOrNothing, record, touch, Undone, use, type Activated } from './put-to-use.js'
import { selectServices } from './select-services.js'

/** Longer than any one step takes. */
const claimSeconds = 60
/** Whoever has read which version is used has read that version by then, and calls with it have come to their end. */
const graceSeconds = 60
const longestReason = 500

/** After each failure in a row twice as long, from a minute to six hours, and not all at once. */
const pause = sql<Date>`clock_timestamp()
  + least(interval '6 hours', interval '1 minute' * power(2, least(failures, 10))) * (0.75 + random() / 2)`

export interface RotationStoreParts {
  readonly databases: Databases
  readonly changes: Pick<ChangeFeed, 'publish'>
  readonly services: Pick<ServiceStore, 'find'>
}

type Db = Kysely<TenantSchema>

/** How far rotations have come, in each tenant's own database. */
export class PostgresRotationStore implements RotationStore {
  readonly #parts: RotationStoreParts

  constructor(parts: RotationStoreParts) {
    this.#parts = parts
  }

  async claim(tenant: Tenant, name: string): Promise<ClaimAnswer> {
    const db = await this.#db(tenant)
    if (!(await addRow(db, name))) return { outcome: 'absent' }
    const id = randomUUID()
    const row = await db
      .updateTable('service_rotation')
      .set({ claimed_by: id, claimed_until: claimEnd() })
      .where('service_id', '=', idOf(name))
      .where(isFree)
      .returning(['phase', 'origin', 'after_version', 'old_version', 'failures'])
      .executeTakeFirst()
    if (row === undefined) return busy(db, name)
    // What is done for the claim compares the revision: another one by now is none that it was begun for.
    const service = await this.#parts.services.find(tenant, name)
    if (service === undefined) return { outcome: 'absent' }
    const { after_version: after, failures, old_version: retiring, origin, phase } = row
    return { outcome: 'claimed', claim: { id, tenant, service, phase, origin, after, retiring, failures } }
  }

  async begin(claim: RotationClaim, { after, origin }: RotationIntent): Promise<string | undefined> {
    const { credentialVersion, revision } = claim.service
    const row = await ofClaim(await this.#db(claim.tenant), claim)
      .set({ phase: 'begun', origin, after_version: after, old_version: credentialVersion, revision })
      .set({ claimed_until: claimEnd(), attempt: sql<string>`coalesce(attempt, gen_random_uuid())` })
      .returning('attempt')
      .executeTakeFirst()
    return row?.attempt ?? undefined
  }

  async written(claim: RotationClaim): Promise<boolean> {
    const { numUpdatedRows } = await ofClaim(await this.#db(claim.tenant), claim)
      .set({ phase: 'written', claimed_until: claimEnd() })
      .executeTakeFirst()
    return numUpdatedRows === 1n
  }

  async activate(claim: RotationClaim, version: number | undefined, by: RotationActor): Promise<Activated> {
    const { service, tenant } = claim
    const db = await this.#db(tenant)
    const answer = await allOrNothing(db, async (step) => {
      const retiring = version !== undefined && service.credentialVersion > 0
      // First: whoever has the claim keeps it until the transaction ends.
      const { numUpdatedRows } = await ofClaim(step, claim)
        .set({ phase: retiring ? 'retiring' : 'idle', old_version: service.credentialVersion })
        .set({ retire_at: retiring ? sql<Date>`clock_timestamp() + ${graceSeconds} * interval '1 second'` : null })
        .set({
          claimed_by: null,
          claimed_until: null,
          attempt: null,
          ...notAsked,
          rotated_at: sql`clock_timestamp()`,
        })
        .set({ ...ended('rotated', by), failures: 0, retry_at: null })
        .executeTakeFirst()
      if (numUpdatedRows !== 1n) throw new Undone('lost')
      const isUsed = await (version === undefined ? touch(step, service.id) : use(step, claim, version))
      if (!isUsed) throw new Undone('changed')
      await record(step, claim, { trail: this.#parts.databases.trail, by, reason: 'succeeded', version })
    })
    if (answer === 'activated') await this.#parts.changes.publish(tenant)
    return answer
  }

  async takeBack(claim: RotationClaim, version: number): Promise<boolean> {
    const { numUpdatedRows } = await ofClaim(await this.#db(claim.tenant), claim)
      .set({ phase: 'retiring', old_version: version, retire_at: sql<Date>`clock_timestamp()` })
      .set({ attempt: null, claimed_until: claimEnd() })
      // Whoever had the turn before may have put it to use since, by hand.
      .where(({ exists, not, selectFrom }) =>
        not(
          exists(
            selectFrom('service')
              .select('id')
              .where('id', '=', claim.service.id)
              .where('credential_version', '=', version),
          ),
        ),
      )
      .executeTakeFirst()
    return numUpdatedRows === 1n
  }

  async retired(claim: RotationClaim, left?: Pick<RotationFailure, 'by' | 'reason'>): Promise<boolean> {
    const said = left?.reason.slice(0, longestReason)
    // What was taken back has not come to be used: the rotation has failed, and goes on having failed.
    const isUsed = sql`old_version <= after_version`
    const db = await this.#db(claim.tenant)
    return db.transaction().execute(async (step) => {
      const { numUpdatedRows } = await ofClaim(step, claim)
        .set({ phase: 'idle', old_version: 0, retire_at: null, claimed_until: claimEnd() })
        .set({ outcome: sql<'rotated'>`case when ${isUsed} then 'rotated' else outcome end` })
        .set({ reason: sql<string | null>`case when ${isUsed} then ${said ?? null}::text else reason end` })
        .set({ failures: sql<number>`case when ${isUsed} then 0 else failures end` })
        .set({ retry_at: sql<Date | null>`case when ${isUsed} then null else retry_at end` })
        .executeTakeFirst()
      if (numUpdatedRows !== 1n) return false
      if (left !== undefined && said !== undefined)
        await record(step, claim, { trail: this.#parts.databases.trail, by: left.by, reason: 'failed', failure: said })
      return true
    })
  }

  async release(claim: RotationClaim): Promise<void> {
    await ofClaim(await this.#db(claim.tenant), claim)
      .set({ claimed_by: null, claimed_until: null })
      .execute()
  }

  async fail(claim: RotationClaim, { by, reason, standing }: RotationFailure): Promise<boolean> {
    const db = await this.#db(claim.tenant)
    const said = reason.slice(0, longestReason)
    return db.transaction().execute(async (step) => {
      const { numUpdatedRows } = await ofClaim(step, claim)
        .set(standing === 'resumable' ? {} : { phase: 'idle' })
        .set(standing === 'given up' ? { attempt: null } : {})
        .set({ ...ended('failed', by), reason: said, claimed_by: null, claimed_until: null, ...notAsked })
        .set({ retry_at: pause, failures: sql<number>`failures + 1` })
        .executeTakeFirst()
      if (numUpdatedRows === 1n)
        await record(step, claim, { trail: this.#parts.databases.trail, by, reason: 'failed', failure: said })
      return numUpdatedRows === 1n
    })
  }

  async isGone({ service, tenant }: RotationClaim): Promise<boolean> {
    const db = await this.#db(tenant)
    const row = await db.selectFrom('service').select('id').where('id', '=', service.id).executeTakeFirst()
    return row === undefined
  }

  async ask(tenant: Tenant, name: string, by: RotationActor): Promise<boolean> {
    const db = await this.#db(tenant)
    if (!(await addRow(db, name))) return false
    await db
      .updateTable('service_rotation')
      .set({ asked_at: sql<Date>`clock_timestamp()`, asked_by: by, retry_at: null })
      .where('service_id', '=', idOf(name))
      .execute()
    return true
  }

  async statuses(tenant: Tenant): Promise<readonly RotationStatus[]> {
    const rows = await selectServices(await this.#db(tenant))
      .leftJoin('service_rotation as r', 'r.service_id', 'service.id')
      .where((where) => where.or([where('service.rotation', 'is not', null), where('r.service_id', 'is not', null)]))
      .select(['r.phase', 'r.origin', 'r.failures', 'r.outcome', 'r.reason', 'r.ended_by', 'r.asked_by'])
      .select([sql<number>`extract(epoch from clock_timestamp())::float8`.as('now')])
      .select(
        // What was set by hand counts as well.
        sql<number>`extract(epoch from greatest(r.rotated_at, credential_at, service.created_at))::float8`.as('since'),
      )
      .select(
        (['claimed_until', 'retire_at', 'retry_at', 'asked_at', 'ended_at'] as const).map((name) =>
          epochSeconds(`r.${name}`).as(name),
        ),
      )
      .orderBy(sql`name collate "C"`)
      .execute()
    return rows.map((row) => parseRotation(parseService({ ...row, users: 0 } satisfies ServiceRow), row))
  }

  #db(tenant: Tenant): Promise<Db> {
    return this.#parts.databases.tenant(tenant)
  }
}

const notAsked = { asked_at: null, asked_by: null }
const isFree = sql<boolean>`(claimed_until is null or claimed_until <= clock_timestamp())`

function claimEnd() {
  return sql<Date>`clock_timestamp() + ${claimSeconds} * interval '1 second'`
}

function idOf(name: string) {
  return sql<string>`(select id from service where name = ${name})`
}

/** Whoever comes too late changes nothing. */
function ofClaim(db: Db, { id, service }: RotationClaim) {
  return db.updateTable('service_rotation').where('service_id', '=', service.id).where('claimed_by', '=', id)
}

function ended(outcome: 'failed' | 'rotated', by: RotationActor) {
  return { outcome, ended_by: by, ended_at: sql<Date>`clock_timestamp()`, reason: null }
}

/** Whether there is one now. */
async function addRow(db: Db, name: string): Promise<boolean> {
  if (!isStorable(name)) return false
  await sql`
    insert into service_rotation (service_id) select id from service where name = ${name} on conflict do nothing
  `.execute(db)
  const row = await db.selectFrom('service').select('id').where('name', '=', name).executeTakeFirst()
  return row !== undefined
}

async function busy(db: Db, name: string): Promise<ClaimAnswer> {
  const row = await db
    .selectFrom('service_rotation')
    .select(sql<number>`ceil(extract(epoch from claimed_until - clock_timestamp()))::integer`.as('seconds'))
    .where('service_id', '=', idOf(name))
    .executeTakeFirst()
  return { outcome: 'busy', seconds: Math.max(1, row?.seconds ?? 1) }
}
