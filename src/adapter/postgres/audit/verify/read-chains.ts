import { sql, type Kysely, type QueryExecutorProvider } from 'kysely'
import type { AuditTables } from '../../schema/audit/audit-schema.js'
import { countRows, type RowCounts } from './table/count-rows.js'

/** A chain as the database has it, with where its rows are at the same moment. */
export interface ReadChain {
  readonly name: string
  readonly kind: string
  readonly place: string
  readonly key: string
  readonly sequence: number
  readonly mac: Buffer
  readonly settled: number
  readonly anchor: number
  readonly anchor_mac: Buffer | null
  readonly anchor_seal: Buffer | null
  /** `null` where it has no row. */
  readonly first: number | null
  readonly last: number | null
}

/** Says up to which row there were no chains; it has no rows itself, and there is one at most. */
export function isLegacy({ kind, name, place }: Pick<ReadChain, 'kind' | 'name' | 'place'>): boolean {
  return name === 'legacy' && kind === 'legacy' && place === ''
}

/** Whether its numbers are such as ours are. */
export function isCounted({ anchor, sequence, settled }: Pick<ReadChain, 'anchor' | 'sequence' | 'settled'>): boolean {
  return [anchor, sequence, settled].every((number) => Number.isSafeInteger(number) && number >= 0)
}

/** What a trail looks like from far away, at one moment. */
export interface ReadTrail {
  readonly chains: readonly ReadChain[]
  /** Chains of which there are rows, and nothing else. */
  readonly lost: readonly { readonly name: string; readonly first: number; readonly last: number }[]
  /** Rows in no chain: those from before there were chains, and all others. */
  readonly unchained: {
    readonly before: number
    readonly behind: number
    readonly first: number | null
    readonly at: number | null
  }
  /** Rows in a chain that stand among those from before there were chains. */
  readonly misplaced: { readonly chain: string; readonly sequence: number } | undefined
  readonly counts: RowCounts
}

const chainColumns = sql`
  c.name, c.kind, c.place, c.key, c.sequence::float8 as sequence, c.mac, c.settled::float8 as settled,
  c.anchor_sequence::float8 as anchor, c.anchor_mac, c.anchor_seal
`

/** The chains that rows name, by one look at the index for each. */
const named = sql`
  with recursive named as (
    (select min(chain) as name from audit_event)
    union all
    select (select min(chain) from audit_event where chain > named.name) from named where named.name is not null
  )
`

/** All of it at one moment: whoever writes meanwhile writes behind it. */
export async function readTrail(db: Kysely<AuditTables>): Promise<ReadTrail> {
  return db
    .transaction()
    .setIsolationLevel('repeatable read')
    .execute(async (step) => {
      const { rows: chains } = await sql<ReadChain>`
        select ${chainColumns},
          (select min(sequence)::float8 from audit_event e where e.chain = c.name) as first,
          (select max(sequence)::float8 from audit_event e where e.chain = c.name) as last
        from audit_chain c order by c.kind, c.name
      `.execute(step)
      const { rows: lost } = await sql<ReadTrail['lost'][number]>`
        ${named}
        select name,
          (select min(sequence)::float8 from audit_event e where e.chain = name) as first,
          (select max(sequence)::float8 from audit_event e where e.chain = name) as last
        from named where name is not null and not exists (select from audit_chain c where c.name = named.name)
      `.execute(step)
      const legacy = chains.find((chain) => isLegacy(chain) && isCounted(chain))
      const unchained = await readUnchained(step, legacy ?? { anchor: 0, sequence: 0 })
      const names = chains.map(({ name }) => name)
      return { chains, lost, ...unchained, counts: await countRows(step, names) }
    })
}

async function readUnchained(
  step: QueryExecutorProvider,
  { anchor, sequence: boundary }: Pick<ReadChain, 'anchor' | 'sequence'>,
): Promise<Pick<ReadTrail, 'misplaced' | 'unchained'>> {
  // The database numbers rows from 1 on: whoever takes another number, or one of a row that was removed, adds them by hand.
  const isOld = sql<boolean>`(id > ${anchor} and id <= ${boundary})`
  const { rows } = await sql<ReadTrail['unchained']>`
    select count(*) filter (where ${isOld})::float8 as before,
      count(*) filter (where not ${isOld})::float8 as behind,
      (min(id) filter (where not ${isOld}))::float8 as first,
      (extract(epoch from min(at) filter (where not ${isOld})) * 1000000::numeric)::float8 as at
    from audit_event where chain is null
  `.execute(step)
  const { rows: misplaced } = await sql<{ readonly chain: string; readonly sequence: number }>`
    select chain, sequence::float8 as sequence from audit_event
    where (id <= 0 or id <= ${boundary}) and chain is not null order by id limit 1
  `.execute(step)
  return { unchained: rows[0] ?? { before: 0, behind: 0, first: null, at: null }, misplaced: misplaced[0] }
}

/** How a chain stands now; `undefined` where it is gone. */
export async function readChain(
  db: QueryExecutorProvider,
  name: string,
): Promise<Omit<ReadChain, 'first' | 'last'> | undefined> {
  const { rows } = await sql<Omit<ReadChain, 'first' | 'last'>>`
    select ${chainColumns} from audit_chain c where c.name = ${name}
  `.execute(db)
  return rows[0]
}
