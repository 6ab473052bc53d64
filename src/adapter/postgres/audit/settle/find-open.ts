import { sql, type QueryExecutorProvider } from 'kysely'
import type { Intent } from './open-intents.js'

/** Rows that stand behind one another in a chain. */
export interface Span {
  readonly chain: string
  readonly beyond: number
  readonly rows: number
}

/** Intents among these rows whose outcome is nowhere on record. */
export async function findOpen(step: QueryExecutorProvider, spans: readonly Span[]): Promise<readonly Intent[]> {
  const open: Intent[] = []
  for (const { beyond, chain, rows: count } of spans) {
    const { rows } = await sql<Intent>`
      select type, issuer, subject, client_id, request_id, intent_id, trace_id, operation
      from audit_unsettled(${chain}, ${beyond}, ${count}) where type is not null
    `.execute(step)
    open.push(...rows)
  }
  return open
}
