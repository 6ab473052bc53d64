import { sql, type QueryExecutorProvider, type RawBuilder } from 'kysely'
import type { AuditFaultKind } from '../../../../../core/audit/audit-verification.js'
import { timeOf, type Findings } from '../findings.js'
import type { NotedRow } from './noted-rows.js'

const rowsPerPage = 500

interface Looking {
  readonly rows: readonly NotedRow[]
  /** Of the chains that count. */
  readonly key: string
  /** In microseconds since the epoch. */
  readonly from: number
  /** What has to be there with each of them. */
  readonly types: RawBuilder<unknown>
}

/** Calls that a chain says have ended, and which have not; and outcomes that only a call can have, of none. */
export async function judgeCalls(
  step: QueryExecutorProvider,
  { findings, key }: { readonly findings: Findings; readonly key: string },
): Promise<void> {
  const from = await keptFrom(step, findings)
  if (from === undefined) return
  const { endless, unknown } = findings.noted
  const outcomes = sql`('operation.outcome', 'credential.outcome')`
  report(await looseIn(step, { rows: endless, key, from, types: outcomes }), {
    findings,
    kind: 'outcome_missing',
    what: 'the chain says that every call up to there has its outcome, and so many have none',
  })
  const intents = sql`('operation.allowed', 'credential.read')`
  report(await looseIn(step, { rows: unknown, key, from, types: intents }), {
    findings,
    kind: 'outcome_forged',
    what: 'nobody knows the outcome of calls that are not on record, of which there are so many',
  })
}

/** From when on, in microseconds since the epoch, the retention has removed nothing; `undefined` where nothing tells. */
async function keptFrom(step: QueryExecutorProvider, { records }: Findings): Promise<number | undefined> {
  const { rows } = await sql`select from audit_chain where anchor_sequence > 0 limit 1`.execute(step)
  return rows.length === 0 ? 0 : records.removedBefore
}

async function looseIn(
  step: QueryExecutorProvider,
  { from, key, rows: noted, types }: Looking,
): Promise<readonly NotedRow[]> {
  const loose: NotedRow[] = []
  for (let start = 0; start < noted.length; start += rowsPerPage) {
    const page = JSON.stringify(noted.slice(start, start + rowsPerPage))
    const { rows } = await sql<NotedRow>`
      select e.chain, e.sequence::float8 as sequence,
        (extract(epoch from e.at) operator(pg_catalog.*) 1000000::numeric)::float8 as at
      from jsonb_to_recordset(${page}::jsonb) as w (chain text, sequence bigint)
      join audit_event e on e.chain = w.chain and e.sequence = w.sequence
      where e.at >= timestamptz 'epoch' + ${from}::float8 * interval '1 microsecond'
        -- No join, which would read the whole table for each page.
        and (
          select true from audit_event o
          where o.request_id = e.request_id and o.intent_id = e.intent_id and o.type in ${types}
            and (select c.key from audit_chain c where c.name = o.chain) = ${key}
          limit 1
        ) is null
      order by e.chain, e.sequence
    `.execute(step)
    loose.push(...rows)
  }
  return loose
}

/** One finding for each chain. */
function report(
  rows: readonly NotedRow[],
  { findings, kind, what }: { readonly findings: Findings; readonly kind: AuditFaultKind; readonly what: string },
): void {
  const firsts = new Map<string, { readonly row: NotedRow; rows: number }>()
  for (const row of rows) {
    const known = firsts.get(row.chain)
    if (known === undefined) firsts.set(row.chain, { row, rows: 1 })
    else known.rows += 1
  }
  for (const { row, rows: count } of firsts.values()) {
    const { at, chain, sequence } = row
    findings.add({ kind, chain, sequence, at: timeOf(at), what: `${what}: ${count}` })
  }
}
