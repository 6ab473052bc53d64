import { sql, type QueryExecutorProvider } from 'kysely'
import type { AuditFaultKind } from '../../../../../core/audit/audit-verification.js'
import { timeOf, type Findings } from '../findings.js'

export interface CallsOptions {
  /** Of the chains whose writers are known to keep to it. */
  readonly key: string
  readonly findings: Findings
}

interface FoundRows {
  readonly chain: string
  readonly rows: number
  readonly first: number
  readonly at: number
}

const intents = sql`('operation.allowed', 'credential.read')`
const outcomes = sql`('operation.outcome', 'credential.outcome')`

/** Calls that a chain says have ended, and which have not; and outcomes that only a call can have, of none. */
export async function judgeCalls(step: QueryExecutorProvider, { findings, key }: CallsOptions): Promise<void> {
  const from = await keptFrom(step, findings)
  if (from === undefined) return
  const facts = sql`
    min(e.sequence)::float8 as first, count(*)::float8 as rows,
    (extract(epoch from min(e.at)) operator(pg_catalog.*) 1000000::numeric)::float8 as at
  `
  const isKept = sql<boolean>`e.at >= timestamptz 'epoch' + ${from}::float8 * interval '1 microsecond'`
  const { rows: endless } = await sql<FoundRows>`
    select e.chain, ${facts} from audit_event e join audit_chain c on c.name = e.chain and c.key = ${key}
    where c.kind = 'server' and e.sequence <= c.settled and e.intent_id is not null and e.type in ${intents} and ${isKept}
      and not exists (
        select from audit_event o
        where o.request_id = e.request_id and o.intent_id = e.intent_id and o.type in ${outcomes}
      )
    group by e.chain order by e.chain
  `.execute(step)
  report(endless, {
    findings,
    kind: 'outcome_missing',
    what: 'the chain says that every call up to there has its outcome, and so many have none',
  })
  const { rows: baseless } = await sql<FoundRows>`
    select e.chain, ${facts} from audit_event e join audit_chain c on c.name = e.chain and c.key = ${key}
    where e.reason = 'unknown' and e.intent_id is not null and e.type in ${outcomes} and ${isKept}
      and not exists (
        select from audit_event i
        where i.request_id = e.request_id and i.intent_id = e.intent_id and i.type in ${intents}
      )
    group by e.chain order by e.chain
  `.execute(step)
  report(baseless, {
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

function report(
  found: readonly FoundRows[],
  { findings, kind, what }: { readonly findings: Findings; readonly kind: AuditFaultKind; readonly what: string },
): void {
  for (const { at, chain, first, rows } of found) {
    findings.add({ kind, chain, sequence: first, at: timeOf(at), what: `${what}: ${rows}` })
  }
}
