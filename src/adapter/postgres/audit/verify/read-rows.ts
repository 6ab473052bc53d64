import { sql, type QueryExecutorProvider } from 'kysely'
import type { StoredRow } from '../audit-row.js'

const rowsPerPage = 1000

/** A row with everything that is in it. */
export interface ReadRow extends StoredRow {
  readonly id: number
  /** Microseconds since the epoch. */
  readonly at: number
  readonly sequence: number
  /** What the JSON is: an object, or `null` where there is none. */
  readonly detail_kind: string | null
  readonly personal_kind: string | null
  readonly salt: Buffer | null
  readonly commitment: Buffer | null
  readonly mac: Buffer
  readonly erased_by: string | null
  readonly erasure_seal: Buffer | null
  /** Whether an outcome has to follow that is in no chain of the same key yet. */
  readonly open: boolean
}

const columns = sql`
  e.id::float8 as id, (extract(epoch from e.at) * 1000000::numeric)::float8 as at, e.sequence::float8 as sequence,
  e.type, e.issuer, e.subject, e.client_id, e.request_id, e.intent_id, e.trace_id, e.operation, e.reason, e.milliseconds,
  e.detail, jsonb_typeof(e.detail) as detail_kind, e.personal, jsonb_typeof(e.personal) as personal_kind, e.count,
  e.salt, e.commitment, e.mac, e.erased_by, e.erasure_seal
`

/** The next rows of a chain behind `after`, up to `end`; none where there are no more. */
export async function readRows(
  db: QueryExecutorProvider,
  { after, chain, end }: { readonly chain: string; readonly after: number; readonly end: number },
): Promise<readonly ReadRow[]> {
  const { rows } = await sql<ReadRow>`
    select ${columns},
      (
        intent_id is not null and type in ('operation.allowed', 'credential.read') and not exists (
          select from audit_event o
          where (select c.key from audit_chain c where c.name = o.chain) = (select key from audit_chain where name = ${chain})
            and o.request_id = e.request_id and o.intent_id = e.intent_id
            and o.type in ('operation.outcome', 'credential.outcome')
        )
      ) as open
    from audit_event e
    where chain = ${chain} and sequence > ${after} and sequence <= ${end}
    order by e.sequence limit ${rowsPerPage}
  `.execute(db)
  return rows
}

/** A row with the chain that it stands in, and the seal of the row before; `null` where there is none. */
export interface JoinedRow extends Omit<ReadRow, 'open'> {
  readonly chain: string
  readonly place: string
  readonly key: string
  readonly before: Buffer | null
}

/** Rows by their numbers, as far as they are in chains. */
export async function readJoined(db: QueryExecutorProvider, ids: readonly number[]): Promise<readonly JoinedRow[]> {
  const { rows } = await sql<JoinedRow>`
    select ${columns}, c.name as chain, c.place, c.key,
      case when c.anchor_sequence = e.sequence - 1 then c.anchor_mac
        else (select b.mac from audit_event b where b.chain = e.chain and b.sequence = e.sequence - 1) end as before
    from audit_event e join audit_chain c on c.name = e.chain
    where e.id = any(${ids}::bigint[])
  `.execute(db)
  return rows
}
