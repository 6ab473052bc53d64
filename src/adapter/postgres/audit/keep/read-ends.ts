import { sql, type QueryExecutorProvider } from 'kysely'
import type { CheckpointChain } from '../../../../core/audit/audit-checkpoint.js'
import type { AuditSeal } from '../audit-seal.js'
import { isCounted, isLegacy, type ReadChain } from '../verify/read-chains.js'
import { readJoined, type JoinedRow } from '../verify/read-rows.js'
import { isAnchored } from '../verify/verify-chain.js'
import { isSealed } from '../verify/verify-row.js'

const rowsPerPage = 500

export interface EndsOptions {
  readonly seal: AuditSeal
  /** Whose database. */
  readonly own: string
  /** What was said of the chains before. */
  readonly last: readonly CheckpointChain[]
  /** Which chains that other installations have sealed are told: afterwards anybody who may begin a chain can say that it is one. */
  readonly foreign: 'all' | 'told before'
}

type Chain = Omit<ReadChain, 'first' | 'last'>
interface FoundEnd extends Chain {
  /** Of the last row. */
  readonly id: number | null
}

/** How far every chain has come; as it was said before where its end is none of ours. Nobody removes rows meanwhile. */
export async function readEnds(
  step: QueryExecutorProvider,
  { foreign, last, own, seal }: EndsOptions,
): Promise<readonly CheckpointChain[]> {
  const { rows: found } = await sql<FoundEnd>`
    select c.name, c.kind, c.place, c.key, c.sequence::float8 as sequence, c.mac, c.settled::float8 as settled,
      c.anchor_sequence::float8 as anchor, c.anchor_mac, c.anchor_seal,
      (select min(e.id)::float8 from audit_event e where e.chain = c.name and e.sequence = c.sequence) as id
    from audit_chain c order by c.name collate "C"
  `.execute(step)
  const ids = found.flatMap(({ id }) => (id === null ? [] : [id]))
  const rows = new Map<number, JoinedRow>()
  for (let from = 0; from < ids.length; from += rowsPerPage) {
    for (const row of await readJoined(step, ids.slice(from, from + rowsPerPage))) rows.set(row.id, row)
  }
  return found.flatMap((chain) => {
    const row = chain.id === null ? undefined : rows.get(chain.id)
    const before = last.filter(({ name }) => name === chain.name)
    if (chain.key !== seal.key && !isLegacy(chain) && foreign === 'told before' && before.length === 0) return []
    if (isCounted(chain) && (isLegacy(chain) || isEnd(chain, row, { own, seal }))) return [toEnd(chain)]
    return before
  })
}

function isEnd(chain: Chain, row: JoinedRow | undefined, { own, seal }: Pick<EndsOptions, 'own' | 'seal'>): boolean {
  const { anchor, anchor_mac: anchored, key, kind, mac, name, place, sequence } = chain
  if (!['changes', 'server'].includes(kind) || !name.startsWith(`${kind}-`)) return false
  // Nothing of what another installation has sealed can be told here; a restore has brought it from another place.
  const isOurs = key === seal.key
  if (!isOurs && place === own) return false
  if (sequence === anchor) {
    const end = anchor === 0 && isOurs ? seal.begin(place, name) : (anchored ?? mac)
    return seal.matches(mac, end) && (!isOurs || isAnchored(seal, chain))
  }
  if (row === undefined || !seal.matches(row.mac, mac)) return false
  const before = sequence === 1 ? seal.begin(place, name) : row.before
  return !isOurs || (before !== null && isSealed(seal, row, before, { place, chain: name, sequence }))
}

function toEnd({ anchor, key, kind, mac, name, place, sequence }: Chain): CheckpointChain {
  return { name, kind, place, key, sequence, mac: mac.toString('hex'), anchor }
}
