import { sql, type QueryExecutorProvider } from 'kysely'
import { firstNumber, type Findings } from '../findings.js'

const rowsPerPage = 50_000

/** What erasures have taken nobody has put back; before rows that are in no chain are looked at. */
export async function judgeErased(step: QueryExecutorProvider, findings: Findings): Promise<void> {
  for (const { reference, rows: left } of findings.records.leftByErasures()) {
    if ((findings.erased.get(reference)?.rows ?? 0) >= left) continue
    // Others may have been erased meanwhile, or removed with the record of that.
    const now = await countErased(step, reference)
    const back = left - now.rows
    if (back <= 0 || !now.isOnRecord) continue
    const what = `the erasure ${reference} has taken what rows say of people, and ${back} of them are not as it has left them`
    findings.add({ kind: 'erasure_undone', what })
  }
}

/** How many rows name the erasure. Its record goes once the last of them is removed. */
async function countErased(
  step: QueryExecutorProvider,
  reference: string,
): Promise<{ readonly rows: number; readonly isOnRecord: boolean }> {
  let count = 0
  let isOnRecord = false
  for (let after: string | null = firstNumber; after !== null;) {
    const { rows } = await sql<{ readonly rows: number; readonly records: number; readonly last: string | null }>`
      select count(*) filter (where erased_by = ${reference})::float8 as rows,
        count(*) filter (
          where type = 'audit.maintained' and reason = 'erased'
            and detail->>'reference' = ${reference} and detail->>'chained' is not null
        )::float8 as records,
        max(page.id)::text as last
      from (
        select e.id, e.type, e.reason, e.detail, case when e.chain is not null then e.erased_by end as erased_by
        from audit_event e where e.id > ${after}::bigint order by e.id limit ${rowsPerPage}
      ) page
    `.execute(step)
    count += rows[0]?.rows ?? 0
    isOnRecord ||= (rows[0]?.records ?? 0) > 0
    after = rows[0]?.last ?? null
  }
  return { rows: count, isOnRecord }
}
