import { sql, type QueryExecutorProvider } from 'kysely'

/** 32 MB: no statement takes long, however large the table is. */
const blocksPerStatement = 4096

/** How many rows there are, by the chains that are known; of everything else together by `undefined`. */
export type RowCounts = ReadonlyMap<string | undefined, number>

/** Counts every row that a reader can come upon, block by block: no index, and nothing that a row says of itself, leaves one out. */
export async function countRows(step: QueryExecutorProvider, chains: readonly string[]): Promise<RowCounts> {
  const { rows: sizes } = await sql<{ readonly blocks: number }>`
    select (pg_relation_size('audit_event'::regclass) / current_setting('block_size')::bigint)::float8 as blocks
  `.execute(step)
  const counts = new Map<string | undefined, number>()
  for (let block = 0; block < (sizes[0]?.blocks ?? 0); block += blocksPerStatement) {
    const [from, to] = [`(${block},0)`, `(${block + blocksPerStatement},0)`]
    const { rows } = await sql<{ readonly chain: string | null; readonly rows: number }>`
      select case when chain = any(${chains}::text[]) then chain end as chain, count(*)::float8 as rows
      from audit_event where ctid >= ${from}::tid and ctid < ${to}::tid group by 1
    `.execute(step)
    for (const { chain, rows: more } of rows) {
      counts.set(chain ?? undefined, (counts.get(chain ?? undefined) ?? 0) + more)
    }
  }
  return counts
}
