import { sql, type QueryExecutorProvider } from 'kysely'
import { timeOf, type Findings } from '../findings.js'

const mostRepeats = 1000

/** What waited beside the trail comes into it once: whoever has kept a copy of the row there can put it back. */
export async function judgeRepeats(step: QueryExecutorProvider, findings: Findings): Promise<void> {
  const { rows } = await sql<{
    readonly chain: string
    readonly sequence: number
    readonly at: number
    readonly rows: number
  }>`
    select (array_agg(chain order by id))[2] as chain, (array_agg(sequence order by id))[2]::float8 as sequence,
      (extract(epoch from (array_agg(at order by id))[2]) operator(pg_catalog.*) 1000000::numeric)::float8 as at,
      count(*)::float8 as rows
    from audit_event where chain is not null and detail->>'kept' is not null and detail->>'nonce' is not null
    group by detail->>'nonce' having count(*) > 1 order by min(id) limit ${mostRepeats}
  `.execute(step)
  for (const { at, chain, rows: count, sequence } of rows) {
    const what = `a row that waited beside the trail has come into it ${count} times, and was written once`
    findings.add({ kind: 'row_repeated', chain, sequence, at: timeOf(at), what })
  }
}
