import { sql, type QueryExecutorProvider } from 'kysely'
import { isCounted, isLegacy, readChain } from '../../verify/read-chains.js'
import { findBounds } from './find-bounds.js'
import type { HeldRows, Retention } from './retention.js'

export interface HeldOptions extends Pick<Retention, 'cutoff' | 'unsent'> {
  /** Whose database. */
  readonly own: string
}

/** What stays although its term is over, when everything has gone that may, and why. */
export async function findHeld(db: QueryExecutorProvider, options: HeldOptions): Promise<readonly HeldRows[]> {
  const held: HeldRows[] = []
  const { rows: chains } = await sql<{ readonly name: string }>`
    select name from audit_chain where sequence > anchor_sequence order by name
  `.execute(db)
  for (const { name } of chains) held.push(...(await findIn(db, name, options)))
  const { rows } = await findOld(db, unchained, options.cutoff)
  return rows === 0 ? held : [...held, { chain: undefined, rows, why: 'unchained', destinations: [] }]
}

const unchained = sql<boolean>`
  chain is null and id > coalesce((select max(sequence) from audit_chain where kind = 'legacy' and name = 'legacy'), 0)
`

async function findIn(
  db: QueryExecutorProvider,
  name: string,
  { cutoff, own, unsent }: HeldOptions,
): Promise<readonly HeldRows[]> {
  const chain = await readChain(db, name)
  if (chain === undefined || !isCounted(chain)) return []
  const { anchor, sequence } = chain
  const standing = isLegacy(chain)
    ? sql<boolean>`chain is null and id > ${anchor} and id <= ${sequence}`
    : sql<boolean>`chain = ${name} and sequence > ${anchor}`
  const { rows, to } = await findOld(db, standing, cutoff)
  if (rows === 0) return []
  const { sent, settled } = await findBounds(db, chain, own)
  const behind = unsent === 'removed' ? [] : sent.filter((one) => one.sequence < to)
  const destinations = behind.map(({ destination }) => destination)
  if (destinations.length > 0) return [{ chain: name, rows, why: 'unsent', destinations }]
  return [{ chain: name, rows, why: settled < to ? 'open' : 'call', destinations }]
}

interface OldRows {
  readonly rows: number
  /** The last of them. */
  readonly to: number
}

async function findOld(
  db: QueryExecutorProvider,
  standing: ReturnType<typeof sql<boolean>>,
  cutoff: number,
): Promise<OldRows> {
  const { rows } = await sql<OldRows>`
    select count(*)::float8 as rows, coalesce(max(coalesce(sequence, id)), 0)::float8 as to from audit_event
    where ${standing} and at < timestamptz 'epoch' + ${cutoff}::float8 * interval '1 microsecond'
  `.execute(db)
  return rows[0] ?? { rows: 0, to: 0 }
}
