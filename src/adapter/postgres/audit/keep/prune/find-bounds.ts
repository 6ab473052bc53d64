import { sql, type QueryExecutorProvider } from 'kysely'
import { isLegacy, type ReadChain } from '../../verify/read-chains.js'

/** Up to where rows of a chain may go, as far as others are concerned. */
export interface ChainBounds {
  /** No call before it is without an outcome. */
  readonly settled: number
  /** How far each of those has it to whom the trail is sent. */
  readonly sent: readonly SentBound[]
}

export interface SentBound {
  readonly destination: string
  readonly sequence: number
}

/** `own`: whose database it is; chains of other places have no writer any more. */
export async function findBounds(
  step: QueryExecutorProvider,
  chain: Omit<ReadChain, 'first' | 'last'>,
  own: string,
): Promise<ChainBounds> {
  const { kind, name, place, sequence, settled } = chain
  const { rows: sent } = await sql<SentBound>`
    select d.destination, coalesce(c.sequence, 0)::float8 as sequence
    from (select distinct destination from audit_cursor) d
    left join audit_cursor c on c.destination = d.destination and c.chain = ${name}
    where not ${isLegacy(chain)} or c.chain is not null
    order by d.destination
  `.execute(step)
  return { settled: kind === 'server' && place === own ? settled : sequence, sent }
}
