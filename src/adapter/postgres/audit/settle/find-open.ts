import { sql, type QueryExecutorProvider } from 'kysely'
import { keyOf, type Intent } from './open-intents.js'

/** Rows that stand behind one another in a chain. */
export interface Span {
  readonly chain: string
  readonly beyond: number
  readonly rows: number
}

/** Which of these intents, which stand in `spans`, have their outcome nowhere on record. */
export async function findOpen<One extends Intent>(
  step: QueryExecutorProvider,
  intents: readonly One[],
  spans: readonly Span[],
): Promise<readonly One[]> {
  const open = new Set<string>()
  for (const { beyond, chain, rows: count } of spans) {
    const { rows } = await sql<Pick<Intent, 'intent_id' | 'request_id'>>`
      select request_id, intent_id from audit_unsettled(${chain}, ${beyond}, ${count}) where type is not null
    `.execute(step)
    for (const row of rows) open.add(keyOf(row))
  }
  return intents.filter((intent) => open.has(keyOf(intent)))
}
