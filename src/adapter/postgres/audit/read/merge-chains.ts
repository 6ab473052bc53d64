import type { AuditRecordRow } from './audit-record-row.js'

/** Rows of several chains by their time, at most so many: those of each chain stay in their order, and none is left out between two. */
export function mergeChains(rows: readonly AuditRecordRow[], limit: number): readonly AuditRecordRow[] {
  const chains = new Map<string, AuditRecordRow[]>()
  for (const row of rows.toSorted((one, other) => (one.sequence ?? 0) - (other.sequence ?? 0))) {
    const chain = chains.get(row.chain ?? '')
    if (chain === undefined) chains.set(row.chain ?? '', [row])
    else chain.push(row)
  }
  const queues = [...chains.values()].map((chain) => chain.reverse())
  const merged: AuditRecordRow[] = []
  while (merged.length < limit) {
    const next = queues.reduce<AuditRecordRow[] | undefined>((best, queue) => earlier(best, queue), undefined)?.pop()
    if (next === undefined) break
    merged.push(next)
  }
  return merged
}

function earlier(best: AuditRecordRow[] | undefined, queue: AuditRecordRow[]): AuditRecordRow[] | undefined {
  const [known, row] = [best?.at(-1), queue.at(-1)]
  if (row === undefined) return best
  return known === undefined || row.at < known.at ? queue : best
}
