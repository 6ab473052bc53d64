import { randomBytes } from 'node:crypto'
import { sql, type Kysely, type QueryExecutorProvider } from 'kysely'
import type { Keyring } from '../../../core/credential/keyring.js'
import type { Tenant } from '../../../core/identity/tenant.js'
import { UpstreamError } from '../../../core/error/upstream-error.js'
import type { AuditTables } from '../schema/audit-schema.js'
import { appendRows, type HeldEnd } from './append-rows.js'
import { toStoredRow, type AuditRow, type StoredRow } from './audit-row.js'
import { AuditSeal } from './audit-seal.js'

const lockMilliseconds = 500
const adoptedAtOnce = 500
const rowsPerStatement = 500
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

  constructor(keyring: Keyring) {
    this.seal = new AuditSeal(keyring)
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
    if (without === 'is undone') return this.#add(step, place, stored)
    await sql`savepoint audit`.execute(step)
    try {
      await sql`set local lock_timeout = ${sql.lit(lockMilliseconds)}`.execute(step)
      await this.#add(step, place, stored)
      await sql`set local lock_timeout to default`.execute(step)
    } catch {
      await sql`rollback to savepoint audit`.execute(step)
      await this.#keep(step, place, stored)
    }
  }

  /** Keeps rows, all of one database, beside the trail until it takes them, by the transaction `step`. */
  async keep<Schema extends AuditTables>(step: Kysely<Schema>, rows: readonly AuditRow[]): Promise<void> {
    await this.#keep(step, placeOf(rows[0]?.event.tenant), rows.map(toStoredRow))
  }

  /** Moves what waits in the outbox to the trail, by the transaction `step`; answers with how many rows that were. */
  async adopt<Schema extends AuditTables>(step: Kysely<Schema>, tenant: Tenant | undefined): Promise<number> {
    const { rows: kept } = await sql<{ readonly id: number; readonly row: string; readonly mac: Buffer }>`
      delete from audit_outbox where id in (select id from audit_outbox order by id limit ${adoptedAtOnce})
      returning id::float8 as id, row, mac
    `.execute(step)
    if (kept.length === 0) return 0
    const rows = kept.toSorted((one, other) => one.id - other.id)
    const place = placeOf(tenant)
    const stored = rows.map(({ mac, row }): StoredRow => {
      const isOurs = this.seal.matches(mac, this.seal.over('outbox', [place, row]))
      return (isOurs ? parseKept(row) : undefined) ?? changedRow(row)
    })
    await this.#add(step, place, stored)
    return rows.length
  }

  async #add(step: QueryExecutorProvider, place: string, rows: readonly StoredRow[]): Promise<void> {
    const { now, ...end } = (await this.#readEnd(step, place)) ?? (await this.#begin(step, place))
    let held: HeldEnd = { ...end, place, holder: null }
    let at = now
    for (const some of inStatements(rows)) {
      const addition = { rows: some, at: Math.floor(at), settle: everythingSettled }
      const added = await appendRows(step, this.seal, { end: held, addition })
      if (added.end === undefined)
        throw new UpstreamError('OVERLOADED', 'the audit trail did not take the rows of a change')
      held = added.end
      at = added.now
    }
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
        (extract(epoch from clock_timestamp()) * 1000000)::float8 as now
      from audit_chain
      where kind = 'changes' and place = ${place} and key = ${this.seal.key} and name = coalesce(${name ?? null}, name)
      order by name limit 1 for update skip locked
    `.execute(step)
    return rows[0]
  }

  async #keep(step: QueryExecutorProvider, place: string, stored: readonly StoredRow[]): Promise<void> {
    for (const some of inStatements(stored.map((one) => JSON.stringify(one)))) {
      const kept = some.map((row) => ({ row, mac: this.seal.over('outbox', [place, row]).toString('hex') }))
      await sql`
        insert into audit_outbox (row, mac)
        select kept."row", decode(kept.mac, 'hex') from rows from (
          jsonb_to_recordset(${JSON.stringify(kept)}::jsonb) as ("row" text, mac text)
        ) with ordinality as kept ("row", mac, number) order by kept.number
      `.execute(step)
    }
  }
}

/** However many there are, none takes longer than a statement may. */
function inStatements<Row>(rows: readonly Row[]): readonly (readonly Row[])[] {
  const statements = Math.ceil(rows.length / rowsPerStatement)
  return Array.from({ length: statements }, (_, index) =>
    rows.slice(index * rowsPerStatement, (index + 1) * rowsPerStatement),
  )
}

/** Nothing where it is not what we keep. */
function parseKept(row: string): StoredRow | undefined {
  try {
    const read = JSON.parse(row) as StoredRow
    return typeof read.type === 'string' && typeof read.request_id === 'string' ? read : undefined
  } catch {
    return undefined
  }
}

/** Somebody else wrote it: on record as their words, whatever they are, and never as ours, nor in the way of what is. */
function changedRow(row: string): StoredRow {
  const event = { type: 'audit.maintained', tenant: undefined, requestId: 'outbox', reason: 'outbox_changed' } as const
  return toStoredRow({ event: { ...event, detail: { row } }, count: 1 })
}
