import { sql, type RawBuilder, type Transaction } from 'kysely'
import type { AuditOrder, AuditPlace, AuditPositions, AuditReader } from '../../../../core/audit/audit-reader.js'
import type { AuditFilter, AuditPosition, AuditRecord } from '../../../../core/audit/audit-record.js'
import type { AuditTables } from '../../schema/audit/audit-schema.js'
import type { AuditArchive } from './audit-archive.js'
import { conditionsOf } from './audit-conditions.js'
import { parseRecord, recordColumns, type AuditRecordRow } from './audit-record-row.js'
import { mergeChains } from './merge-chains.js'
import { readInOrder, type AuditWindow } from './read-in-order.js'

interface Extent {
  readonly first: number
  readonly last: number
  readonly last_id: string
}

/** Enough for what a page has to skip, which the index of times knows by blocks only, to be little beside it. */
const pageRows = 2_000

/** Reads the trails of all databases. */
export class PostgresAuditReader implements AuditReader {
  readonly #archive: Pick<AuditArchive, 'asAuditor'>

  constructor(archive: Pick<AuditArchive, 'asAuditor'>) {
    this.#archive = archive
  }

  async *read(place: AuditPlace, filter: AuditFilter, order: AuditOrder): AsyncIterable<AuditRecord> {
    const extent = await this.#archive.asAuditor(place, extentOf)
    if (extent === undefined) return
    const asked = sql<boolean>`${conditionsOf(filter)} and e.id <= ${extent.last_id}::bigint`
    const { first, last } = narrow(extent, filter)
    const fetch = (window: AuditWindow): Promise<readonly AuditRecordRow[]> =>
      this.#archive.asAuditor(place, (step) => selectPage(step, asked, { window, order }))
    for await (const row of readInOrder({ order, first, last, fetch, pageRows })) yield parseRecord(row, place?.slug)
  }

  async ends(place: AuditPlace): Promise<AuditPositions> {
    const rows = await this.#archive.asAuditor(place, (step) =>
      step
        .selectFrom('audit_chain')
        .select(['name', sql<number>`sequence::float8`.as('sequence')])
        .execute(),
    )
    return new Map(rows.map(({ name, sequence }) => [name, sequence]))
  }

  async after(place: AuditPlace, positions: AuditPositions, limit: number): Promise<readonly AuditRecord[]> {
    const rows = await this.#archive.asAuditor(place, (step) => selectAfter(step, positions, limit))
    return rows.map((row) => parseRecord(row, place?.slug))
  }
}

/**
 * Rows that come after the positions in their chains; a chain without one is read from its beginning. No row is passed over, nor taken
 * from behind the chain's end: whoever can add rows could otherwise lead a reader past those to come.
 */
export async function selectAfter(
  step: Transaction<AuditTables>,
  positions: AuditPositions,
  limit: number,
): Promise<readonly AuditRecordRow[]> {
  const { rows } = await sql<AuditRecordRow>`
    select ${recordColumns}
    from ${chainsBehind(positions)}
    cross join lateral (
      select next.*, row_number() over (order by next.sequence) as number
      from (
        select * from audit_event
        where chain = c.name and sequence > c.start and sequence <= c.sequence order by sequence limit ${limit}
      ) next
    ) e
    where e.sequence = c.start + e.number
  `.execute(step)
  return mergeChains(rows, limit)
}

/** Chains that go on behind the positions, without the row that comes next; and which row that would be. */
export async function selectBroken(
  step: Transaction<AuditTables>,
  positions: AuditPositions,
): Promise<readonly AuditPosition[]> {
  const { rows } = await sql<AuditPosition>`
    select c.name as chain, (c.start + 1)::float8 as sequence
    from ${chainsBehind(positions)}
    where not exists (select from audit_event e where e.chain = c.name and e.sequence = c.start + 1)
    order by c.name
  `.execute(step)
  return rows
}

/** What the retention has removed is not waited for. */
function chainsBehind(positions: AuditPositions): RawBuilder<unknown> {
  return sql`(
    select chain.name, chain.sequence, greatest(coalesce(known.sequence, 0), chain.anchor_sequence) as start
    from audit_chain chain
    left join unnest(${[...positions.keys()]}::text[], ${[...positions.values()]}::bigint[]) as known (name, sequence)
      on known.name = chain.name
    where chain.kind <> 'legacy'
      and chain.sequence > greatest(coalesce(known.sequence, 0), chain.anchor_sequence)
  ) c`
}

async function extentOf(step: Transaction<AuditTables>): Promise<Extent | undefined> {
  const { rows } = await sql<Extent>`
    select (extract(epoch from oldest.at) * 1000000::numeric)::float8 as first,
      (extract(epoch from newest.at) * 1000000::numeric)::float8 as last, newest.id::text as last_id
    from (select at from audit_event order by id limit 1) oldest,
      (select id, at from audit_event order by id desc limit 1) newest
  `.execute(step)
  return rows[0]
}

function narrow({ first, last }: Extent, { since, until }: AuditFilter): Pick<Extent, 'first' | 'last'> {
  return {
    first: Math.max(first, (since?.getTime() ?? -Infinity) * 1000),
    last: Math.min(last, (until?.getTime() ?? Infinity) * 1000),
  }
}

async function selectPage(
  step: Transaction<AuditTables>,
  asked: RawBuilder<boolean>,
  { order, window }: { readonly order: AuditOrder; readonly window: AuditWindow },
): Promise<readonly AuditRecordRow[]> {
  const direction = order === 'oldest first' ? sql`asc` : sql`desc`
  const { rows } = await sql<AuditRecordRow>`
    select ${recordColumns} from audit_event e
    where ${asked} and ${within(window, order)}
    order by e.at ${direction}, e.id ${direction} limit ${pageRows}
  `.execute(step)
  return rows
}

function within({ after, from, to }: AuditWindow, order: AuditOrder): RawBuilder<unknown> {
  const ascends = order === 'oldest first'
  const conditions: RawBuilder<unknown>[] = [sql`true`]
  if (after !== undefined) {
    const beyond = ascends ? sql`>` : sql`<`
    // The first of the two is for the index.
    conditions.push(
      sql`e.at ${beyond}= ${time(after.at)} and (e.at, e.id) ${beyond} (${time(after.at)}, ${after.id}::bigint)`,
    )
  } else if (from !== undefined) {
    conditions.push(ascends ? sql`e.at >= ${time(from)}` : sql`e.at < ${time(from)}`)
  }
  if (to !== undefined) conditions.push(ascends ? sql`e.at < ${time(to)}` : sql`e.at >= ${time(to)}`)
  return sql.join(conditions, sql` and `)
}

function time(microseconds: number): RawBuilder<unknown> {
  return sql`(timestamptz 'epoch' + ${microseconds}::float8 * interval '1 microsecond')`
}
