import type { Kysely } from 'kysely'
import type { AuditEvent } from '../../../../core/audit/audit-event.js'
import type { Tenant } from '../../../../core/identity/tenant.js'
import type { AuditTables } from '../../schema/audit/audit-schema.js'
import { leaseSeconds } from '../chain/append-rows.js'
import { AuditChain } from '../chain/audit-chain.js'
import { toStoredRow, type AuditRow } from '../audit-row.js'
import { placeOf, type AuditTrail } from '../audit-trail.js'
import { AuditWriter } from './audit-writer.js'
import { settleAbandoned } from '../settle/settle-abandoned.js'

/** Well before a chain counts as left. */
const renewMilliseconds = (leaseSeconds * 1000) / 4

export interface PlaceTrailOptions {
  /** `undefined` for master. */
  readonly tenant: Tenant | undefined
  readonly trail: AuditTrail
  readonly database: () => Promise<Kysely<AuditTables>>
}

/** The trail of one database as this process writes it. */
export class PlaceTrail {
  readonly #options: PlaceTrailOptions
  readonly #chain: AuditChain
  readonly #writer: AuditWriter

  constructor(options: PlaceTrailOptions) {
    const { database, tenant, trail } = options
    this.#options = options
    this.#chain = new AuditChain({ place: placeOf(tenant), seal: trail.seal, broken: trail.broken, database })
    this.#writer = new AuditWriter((rows) => this.#chain.append(rows))
  }

  /** How long nothing has been written to it, in milliseconds; 0 while something waits. */
  get idleMilliseconds(): number {
    return this.#writer.idle && !this.#chain.isOpen ? this.#chain.idleMilliseconds : 0
  }

  /** Committed once it resolves, with whatever else comes at that time. Throws `UpstreamError`. */
  write(row: AuditRow): Promise<void> {
    return this.#writer.write(row)
  }

  /** The same for many rows at once, beside those that wait to be written. */
  append(rows: readonly AuditRow[]): Promise<void> {
    return this.#chain.append(rows)
  }

  /** Who recorded this event was told that it is not written, and goes on all the same. */
  retained(event: AuditEvent): void {
    this.#chain.retained(event)
  }

  /** Whether this event, of which whoever recorded it was told a failure, is on record, or was sent and nobody knows. */
  fateOf(event: AuditEvent): 'in doubt' | 'unwritten' | 'written' {
    const whereabouts = this.#chain.whereabouts(event)
    return typeof whereabouts === 'object' ? 'in doubt' : (whereabouts ?? 'unwritten')
  }

  /** Keeps the chain while calls are running, and writes the outcomes of those whose intent nobody acted on. */
  async keep(): Promise<void> {
    await this.#chain.tidy()
    if (this.#chain.isOpen && this.#chain.idleMilliseconds >= renewMilliseconds) await this.#chain.renew()
  }

  /**
   * Sees to what others have left: rows in the outbox, and outcomes of processes that are gone, in this order, since the first may be
   * the second. Answers with how many rows that made.
   */
  async settle(): Promise<number> {
    const { database, tenant, trail } = this.#options
    const db = await database()
    let adopted = 0
    const adopt = async (step: Kysely<AuditTables>) => {
      adopted += await trail.adopt(step, tenant)
    }
    await db.transaction().execute(adopt)
    const { broken, seal } = trail
    const claimant = { writer: this.#chain.writer, place: placeOf(tenant), seal, broken }
    const unknown = await settleAbandoned(db, claimant, adopt)
    return adopted + unknown
  }

  /** Keeps rows beside the trail until somebody's `settle` moves them there. */
  async putAside(rows: readonly AuditRow[]): Promise<void> {
    const { database, tenant, trail } = this.#options
    const db = await database()
    // Where nobody can find out now what became of them, whoever adopts them does.
    await this.#chain.tidy().catch(() => undefined)
    const keeping = rows.flatMap((row) => {
      const sent = this.#chain.whereabouts(row.event)
      return sent === 'written' ? [] : [{ row: toStoredRow(row), sent }]
    })
    await db.transaction().execute((step) => trail.keep(step, tenant, keeping))
  }

  /** Leaves the chain to others, once nothing waits any more. */
  async close(): Promise<void> {
    await this.#writer.settle()
    await this.#chain.tidy()
    await this.#chain.release()
  }
}
