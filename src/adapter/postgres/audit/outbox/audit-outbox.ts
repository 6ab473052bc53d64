import { sql, type QueryExecutorProvider } from 'kysely'
import { UpstreamError } from '../../../../core/error/upstream-error.js'
import type { Whereabouts } from '../chain/append-rows.js'
import type { StoredRow } from '../audit-row.js'
import type { AuditSeal } from '../audit-seal.js'
import { releaseChain, stands } from '../chain/claim-chain.js'
import { inStatements, rowsAtOnce } from './in-statements.js'
import { changedRow, fitKept, parseKept, type Keeping } from './kept-row.js'

/** What left the outbox; without a row where it stands in the trail already. */
export interface Taken {
  readonly row: StoredRow | undefined
}

/** Keeps rows of one database beside its trail, by the transaction `step`. Throws `UpstreamError` where they were not all kept. */
export async function keepRows(
  step: QueryExecutorProvider,
  seal: AuditSeal,
  { place, rows }: { readonly place: string; readonly rows: readonly Keeping[] },
): Promise<void> {
  const { rows: times } = await sql<{ readonly now: string }>`
    select to_char(clock_timestamp() at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') as now
  `.execute(step)
  const at = times[0]?.now ?? ''
  for (const some of inStatements(rows.map((one) => fitKept(one, at)))) {
    const kept = some.map((row) => ({ row, mac: seal.over('outbox', [place, row]).toString('hex') }))
    const { numAffectedRows } = await sql`
      insert into audit_outbox (row, mac)
      select kept."row", decode(kept.mac, 'hex') from rows from (
        jsonb_to_recordset(${JSON.stringify(kept)}::jsonb) as ("row" text, mac text)
      ) with ordinality as kept ("row", mac, number) order by kept.number
    `.execute(step)
    if (numAffectedRows !== BigInt(kept.length))
      throw new UpstreamError('OVERLOADED', 'rows were not kept beside the audit trail')
  }
}

/** Takes up to `rowsAtOnce` rows out of the outbox of one database, the oldest first, by the transaction `step`. */
export async function takeKept(step: QueryExecutorProvider, seal: AuditSeal, place: string): Promise<readonly Taken[]> {
  const { rows } = await sql<{ readonly id: number; readonly row: string; readonly mac: Buffer }>`
    delete from audit_outbox where id in (select id from audit_outbox order by id limit ${rowsAtOnce})
    returning id::float8 as id, row, mac
  `.execute(step)
  const read = rows
    .toSorted((one, other) => one.id - other.id)
    .map(({ mac, row }) => {
      const isOurs = seal.matches(mac, seal.over('outbox', [place, row]))
      return { row, kept: isOurs ? parseKept(row) : undefined }
    })
  const nonces = read.flatMap(({ kept }) => kept?.nonce ?? [])
  const first = await firstUses(step, nonces)
  const arrived = await findArrived(
    step,
    read.flatMap(({ kept }) => kept?.sent ?? []),
  )
  return read.map(({ kept, row }) => {
    // A copy of what was there before is no word of ours any more.
    if (kept === undefined || !first.delete(kept.nonce)) return { row: changedRow(row) }
    return { row: kept.sent !== undefined && arrived.has(nameOf(kept.sent)) ? undefined : kept.row }
  })
}

async function firstUses(step: QueryExecutorProvider, nonces: readonly string[]): Promise<Set<string>> {
  if (nonces.length === 0) return new Set()
  const { rows } = await sql<{ readonly nonce: string }>`
    insert into audit_adopted (nonce) select unnest(${nonces}::text[]) on conflict do nothing returning nonce
  `.execute(step)
  return new Set(rows.map(({ nonce }) => nonce))
}

/** What is still on its way does not arrive after this: the chain is in nobody's words then. */
async function findArrived(step: QueryExecutorProvider, sent: readonly Whereabouts[]): Promise<ReadonlySet<string>> {
  const arrived = new Set<string>()
  for (const [name, one] of new Map(sent.map((each) => [nameOf(each), each]))) {
    await releaseChain(step, one)
    if (await stands(step, one)) arrived.add(name)
  }
  return arrived
}

function nameOf({ mac, name, sequence }: Whereabouts): string {
  return `${name} ${sequence} ${mac.toString('hex')}`
}
