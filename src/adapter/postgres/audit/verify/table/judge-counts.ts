import type { Findings } from '../findings.js'
import { isCounted, isLegacy, type ReadTrail } from '../read-chains.js'

/** There is one row for each number of a chain, and nothing in the table besides. What is missing is said by whoever reads the rows. */
export function judgeCounts({ chains, counts, lost, unchained }: ReadTrail, findings: Findings): void {
  for (const chain of chains.filter(isCounted)) {
    const { anchor, first, last, name, sequence } = chain
    const rows = counts.get(name) ?? 0
    const numbers = isLegacy(chain) ? 0 : sequence - anchor
    const isSaid = isLegacy(chain)
      ? first !== null
      : first !== null && last !== null && (first <= anchor || last > sequence)
    if (rows <= numbers || isSaid) continue
    const what = `there are ${rows} rows of the chain, which has ${numbers} numbers: others stand twice, or have none`
    findings.add({ kind: 'row_misplaced', chain: name, sequence, what })
  }
  const others = counts.get(undefined) ?? 0
  const seen = unchained.before + unchained.behind
  if (others <= seen || lost.length > 0) return
  const what = `there are ${others - seen} rows more than are in a chain or in none`
  findings.add({ kind: 'row_misplaced', what })
}
