import { randomBytes } from 'node:crypto'
import { sql, type Kysely, type QueryExecutorProvider } from 'kysely'
import type { Keyring } from '../../../core/credential/keyring.js'
import type { Tenant } from '../../../core/identity/tenant.js'
import type { Log } from '../../../core/runtime/log.js'
import { UpstreamError } from '../../../core/error/upstream-error.js'
import type { AuditTables } from '../schema/audit-schema.js'
import { appendRows, type HeldEnd } from './append-rows.js'
import { toStoredRow, type AuditRow, type StoredRow } from './audit-row.js'
import { AuditSeal } from './audit-seal.js'
import { BrokenChains } from './broken-chains.js'
import { changedRow, fitKept, parseKept } from './kept-row.js'

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
    const read = rows.map(({ mac, row }) => {
      const isOurs = this.seal.matches(mac, this.seal.over('outbox', [place, row]))
      return { row, kept: isOurs ? parseKept(row) : undefined }
    })
    const first = await this.#firstUses(
      step,
      read.flatMap(({ kept }) => (kept === undefined ? [] : [kept.nonce])),
    )
    // A copy of what was there before is no word of ours any more.
    const stored = read.map(({ kept, row }) =>
      kept !== undefined && first.delete(kept.nonce) ? kept.row : changedRow(row),
    )
    await this.#add(step, place, stored)
    return rows.length
  }

  async #firstUses(step: QueryExecutorProvider, nonces: readonly string[]): Promise<Set<string>> {
    const { rows } = await sql<{ readonly nonce: string }>`
      insert into audit_adopted (nonce) select unnest(${nonces}::text[]) on conflict do nothing returning nonce
    `.execute(step)
    return new Set(rows.map(({ nonce }) => nonce))
  }

  async #add(step: QueryExecutorProvider, place: string, rows: readonly StoredRow[]): Promise<void> {
    const end = (await this.#readEnd(step, place)) ?? (await this.#begin(step, place))
    await sql`savepoint audit_chain`.execute(step)
    try {
      await this.#addTo(step, { ...end, place }, rows)
    } catch (error) {
      if (!this.broken.giveUp({ name: end.name, place }, error)) throw error
      await sql`rollback to savepoint audit_chain`.execute(step)
      await this.#addTo(step, { ...(await this.#begin(step, place)), place }, rows)
    }
  }

  async #addTo(
    step: QueryExecutorProvider,
    { now, ...end }: EndRow & { readonly place: string },
    rows: readonly StoredRow[],
  ): Promise<void> {
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
        and name <> all(${this.broken.names}::text[])
      order by name limit 1 for update skip locked
    `.execute(step)
    return rows[0]
  }

  async #keep(step: QueryExecutorProvider, place: string, stored: readonly StoredRow[]): Promise<void> {
    const { rows } = await sql<{ readonly now: string }>`
      select to_char(clock_timestamp() at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') as now
    `.execute(step)
    const at = rows[0]?.now ?? ''
    for (const some of inStatements(stored.map((one) => fitKept(one, at)))) {
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
