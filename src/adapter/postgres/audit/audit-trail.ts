import { randomBytes } from 'node:crypto'
import { sql, type Kysely, type QueryExecutorProvider } from 'kysely'
import type { Keyring } from '../../../core/credential/keyring.js'
import type { Tenant } from '../../../core/identity/tenant.js'
import type { Log } from '../../../core/runtime/log.js'
import { UpstreamError } from '../../../core/error/upstream-error.js'
import type { AuditTables } from '../schema/audit/audit-schema.js'
import { appendRows, type HeldEnd } from './chain/append-rows.js'
import { toStoredRow, type AuditRow, type StoredRow } from './audit-row.js'
import { keepRows, takeKept } from './outbox/audit-outbox.js'
import { AuditSeal } from './audit-seal.js'
import { BrokenChains } from './chain/broken-chains.js'
import { inStatements, rowsAtOnce } from './outbox/in-statements.js'
import type { Keeping } from './outbox/kept-row.js'
import { findOpen, type Span } from './settle/find-open.js'
import { isIntent, unknownOutcomes } from './settle/open-intents.js'

const lockMilliseconds = 500
const everythingSettled = (end: number): number => end

/** What may be done where the trail takes no rows: nothing, or what takes rights away, with its rows kept beside the trail until it does. */
export type WithoutTrail = 'goes on' | 'is undone'

interface EndRow {
  readonly name: string
  readonly sequence: number
  readonly mac: Buffer
  readonly settled: number
  readonly now: number
}

/** Whose database: a tenant's id, or `master`. */
export function placeOf(tenant: Pick<Tenant, 'id'> | undefined): string {
  return tenant?.id ?? 'master'
}

/** The rows of changes, written by the transactions that make them. */
export class AuditTrail {
  readonly seal: AuditSeal
  readonly broken: BrokenChains

  constructor(keyring: Keyring, log?: Log) {
    this.seal = new AuditSeal(keyring)
    this.broken = new BrokenChains(log)
  }

  /**
   * Adds rows, all of one database, with the transaction `step`.
   * Where they cannot be added the transaction fails, or `goes on` with the rows in the outbox.
   */
  async add<Schema extends AuditTables>(
    step: Kysely<Schema>,
    rows: readonly AuditRow[],
    without: WithoutTrail = 'is undone',
  ): Promise<void> {
    const [first] = rows
    if (first === undefined) return
    const place = placeOf(first.event.tenant)
    const stored = rows.map(toStoredRow)
    if (without === 'is undone') {
      await this.#add(step, place, stored)
      return
    }
    await sql`savepoint audit`.execute(step)
    try {
      await sql`set local lock_timeout = ${sql.lit(lockMilliseconds)}`.execute(step)
      await this.#add(step, place, stored)
      await sql`set local lock_timeout to default`.execute(step)
    } catch {
      await sql`rollback to savepoint audit`.execute(step)
      const keeping = stored.map((row) => ({ row }))
      await keepRows(step, this.seal, { place, rows: keeping })
    }
  }

  /** Keeps rows, all of one database, beside the trail until it takes them, by the transaction `step`. */
  async keep<Schema extends AuditTables>(
    step: Kysely<Schema>,
    tenant: Tenant | undefined,
    rows: readonly Keeping[],
  ): Promise<void> {
    await keepRows(step, this.seal, { place: placeOf(tenant), rows })
  }

  /**
   * Moves what waits in the outbox to the trail, by the transaction `step`; answers with how many rows that were. Intents among them
   * whose outcome is nowhere have one then: nobody is left who knows it.
   */
  async adopt<Schema extends AuditTables>(step: Kysely<Schema>, tenant: Tenant | undefined): Promise<number> {
    const place = placeOf(tenant)
    const intents: StoredRow[] = []
    const spans: Span[] = []
    for (let adopted = 0; ;) {
      const kept = await takeKept(step, this.seal, place)
      const rows = kept.flatMap(({ row }) => row ?? [])
      const span = rows.length === 0 ? undefined : await this.#add(step, place, rows)
      const begun = rows.filter(isIntent)
      if (span !== undefined && begun.length > 0) spans.push(span)
      intents.push(...begun)
      adopted += kept.length
      if (kept.length === rowsAtOnce) continue
      const open = await findOpen(step, intents, spans)
      if (open.length > 0) await this.#add(step, place, unknownOutcomes(open))
      return adopted + open.length
    }
  }

  /** Answers with where they are. */
  async #add(step: QueryExecutorProvider, place: string, rows: readonly StoredRow[]): Promise<Span> {
    const end = (await this.#readEnd(step, place)) ?? (await this.#begin(step, place))
    await sql`savepoint audit_chain`.execute(step)
    try {
      return await this.#addTo(step, { ...end, place }, rows)
    } catch (error) {
      if (!this.broken.giveUp({ name: end.name, place }, error)) throw error
      await sql`rollback to savepoint audit_chain`.execute(step)
      return this.#addTo(step, { ...(await this.#begin(step, place)), place }, rows)
    }
  }

  async #addTo(
    step: QueryExecutorProvider,
    { now, ...end }: EndRow & { readonly place: string },
    rows: readonly StoredRow[],
  ): Promise<Span> {
    let held: HeldEnd = { ...end, holder: null }
    let at = now
    for (const some of inStatements(rows)) {
      const addition = { rows: some, at: Math.floor(at), settle: everythingSettled }
      const added = await appendRows(step, this.seal, { end: held, addition })
      if (added.end === undefined)
        throw new UpstreamError('OVERLOADED', 'the audit trail did not take the rows of a change')
      held = added.end
      at = added.now
    }
    return { chain: end.name, beyond: end.sequence, rows: rows.length }
  }

  async #begin(step: QueryExecutorProvider, place: string): Promise<EndRow> {
    const name = `changes-${randomBytes(8).toString('hex')}`
    await sql`
      insert into audit_chain (name, kind, place, key, mac)
      values (${name}, 'changes', ${place}, ${this.seal.key}, ${this.seal.begin(place, name)})
    `.execute(step)
    const end = await this.#readEnd(step, place, name)
    if (end === undefined) throw new UpstreamError('OVERLOADED', 'the audit trail has no chain for changes')
    return end
  }

  /** Of a chain that no other transaction adds to: whoever changes something waits for nobody else who does, however long that takes. */
  async #readEnd(step: QueryExecutorProvider, place: string, name?: string): Promise<EndRow | undefined> {
    const { rows } = await sql<EndRow>`
      select name, sequence::float8 as sequence, mac, settled::float8 as settled,
        (extract(epoch from clock_timestamp()) * 1000000::numeric)::float8 as now
      from audit_chain
      where kind = 'changes' and place = ${place} and key = ${this.seal.key} and name = coalesce(${name ?? null}, name)
        and name <> all(${this.broken.names}::text[])
      order by name limit 1 for update skip locked
    `.execute(step)
    return rows[0]
  }
}
