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
  /** Whether an outcome has to follow that is not there yet. */
  readonly open: boolean
}

/** The next rows of a chain behind `after`, up to `end`; none where there are no more. */
export async function readRows(
  db: QueryExecutorProvider,
  { after, chain, end }: { readonly chain: string; readonly after: number; readonly end: number },
): Promise<readonly ReadRow[]> {
  const { rows } = await sql<ReadRow>`
    select id::float8 as id, (extract(epoch from at) * 1000000)::float8 as at, sequence::float8 as sequence,
      type, issuer, subject, client_id, request_id, intent_id, trace_id, operation, reason, milliseconds,
      detail, jsonb_typeof(detail) as detail_kind, personal, jsonb_typeof(personal) as personal_kind, count,
      salt, commitment, mac, erased_by, erasure_seal,
      (
        intent_id is not null and type in ('operation.allowed', 'credential.read') and not exists (
          select from audit_event o
          where o.request_id = e.request_id and o.intent_id = e.intent_id
            and o.type in ('operation.outcome', 'credential.outcome')
        )
      ) as open
    from audit_event e
    where chain = ${chain} and sequence > ${after} and sequence <= ${end}
    order by sequence limit ${rowsPerPage}
  `.execute(db)
  return rows
}
