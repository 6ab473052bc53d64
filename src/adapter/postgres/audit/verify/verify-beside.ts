import { sql, type QueryExecutorProvider } from 'kysely'
import type { AuditSeal } from '../audit-seal.js'
import { firstNumber, timeOf, type Findings } from './findings.js'
import type { ReadTrail } from './read-chains.js'
import { isErased } from './verify-row.js'

const rowsPerPage = 1000

export interface BesideOptions {
  readonly db: QueryExecutorProvider
  readonly seal: AuditSeal
  /** Whose trail may be here: the database's own place, and those that a restore has brought. */
  readonly places: ReadonlySet<string>
  readonly findings: Findings
}

/** What is in no chain, and what lost its own. */
export function judgeUnchained({ lost, misplaced, unchained }: ReadTrail, findings: Findings): void {
  for (const { first, last, name } of lost) {
    const what = 'there are rows of a chain that is gone'
    findings.add({ kind: 'chain_missing', chain: name, sequence: first, to: last, what })
  }
  if (misplaced !== undefined) {
    const what = 'its number is one of rows from before there were chains, or of none'
    findings.add({ kind: 'row_misplaced', ...misplaced, what })
  }
  const { at, behind, first } = unchained
  if (behind === 0) return
  const rows =
    behind === 1 ? `1 row is in no chain, number ${first}` : `${behind} rows are in no chain, from number ${first} on`
  const what = `${rows}: a server of an earlier version writes such, and so does whoever adds rows by hand`
  findings.add({ kind: 'rows_unchained', at: at === null ? undefined : timeOf(at), what })
}

/** Rows that wait beside the trail. */
export async function verifyOutbox({ db, findings, places, seal }: BesideOptions): Promise<void> {
  for (let after = firstNumber; ;) {
    const { rows } = await sql<{
      readonly id: string
      readonly at: number
      readonly row: string
      readonly mac: Buffer
    }>`
      select id::text as id, (extract(epoch from at) * 1000000::numeric)::float8 as at, row, mac
      from audit_outbox o where o.id > ${after}::bigint order by o.id limit ${rowsPerPage}
    `.execute(db)
    for (const { at, id, mac, row } of rows) {
      after = id
      if ([...places].some((place) => seal.matches(mac, seal.over('outbox', [place, row])))) continue
      const what = `the row ${id} that waits beside the trail is not as it was written`
      findings.add({ kind: 'outbox_changed', at: timeOf(at), what })
    }
    if (rows.length < rowsPerPage) return
  }
}

/** Erasures among the rows from before there were chains, of which nothing else can be told. */
export async function verifyLegacyErasures({ db, findings, places, seal }: BesideOptions): Promise<void> {
  for (let after = firstNumber; ;) {
    const { rows } = await sql<{
      readonly number: string
      readonly id: number
      readonly at: number
      readonly erased_by: string | null
      readonly erasure_seal: Buffer | null
    }>`
      select e.id::text as number, e.id::float8 as id, (extract(epoch from at) * 1000000::numeric)::float8 as at, erased_by, erasure_seal
      from audit_event e where chain is null and (erased_by is not null or erasure_seal is not null) and e.id > ${after}::bigint
      order by e.id limit ${rowsPerPage}
    `.execute(db)
    for (const row of rows) {
      after = row.number
      const where = { chain: 'legacy', sequence: row.id, at: timeOf(row.at) }
      const isOurs = [...places].some((place) => isErased(seal, row, { place, chain: 'legacy', sequence: row.id }))
      if (isOurs && row.erased_by !== null) findings.erase(row.erased_by, where)
      else
        findings.add({
          kind: 'erasure_forged',
          ...where,
          what: 'the row says that it was erased, and was by no erasure',
        })
    }
    if (rows.length < rowsPerPage) return
  }
}

/** Every erasure that rows name is on record; one that has come meanwhile is behind the rows that were looked at. */
export async function judgeErasures({ db, findings }: BesideOptions): Promise<void> {
  for (const [reference, { first, rows }] of findings.erased) {
    if (findings.erasures.has(reference)) continue
    const { rows: found } = await sql`
      select from audit_event
      where type = 'audit.maintained' and reason = 'erased' and detail->>'reference' = ${reference} and chain is not null
      limit 1
    `.execute(db)
    if (found.length > 0) continue
    const what = `${rows === 1 ? '1 row names' : `${rows} rows name`} the erasure ${reference}, which is not on record`
    findings.add({ kind: 'erasure_forged', ...first, what })
  }
}
