import type { PrunedTrail } from '../../../app/audit/prune-audit.js'
import { formatTable } from '../../format-table.js'
import { counted } from './counted.js'

type Held = PrunedTrail['held'][number]

/** What was removed, and why the rest of what is that old was not. */
export function formatPruned(pruned: readonly PrunedTrail[]): string {
  const removed = pruned.flatMap(({ chains, tenant }) =>
    chains
      .filter(({ rows }) => rows > 0)
      .map(({ chain, from, rows, to }) => [tenant ?? 'master', chain, `${from}`, `${to}`, `${rows}`]),
  )
  const stayed = pruned.flatMap(({ chains, held, tenant = 'master' }) => [
    ...chains
      .filter(({ fault }) => fault !== undefined)
      .map(({ chain, fault }) => `rows of ${chain} in ${tenant} stay, verify the trail: ${fault}`),
    ...reasonsOf(held).map(({ rows, why }) => `${counted(rows, 'old row')} in ${tenant} ${stays(rows)}: ${why}`),
  ])
  if (removed.length > 0) return [formatTable(['TENANT', 'CHAIN', 'FROM', 'TO', 'ROWS'], removed), ...stayed].join('\n')
  return stayed.length === 0 ? 'nothing is that old' : ['nothing was removed', ...stayed].join('\n')
}

function stays(rows: number): string {
  return rows === 1 ? 'stays' : 'stay'
}

/** Chains are many, and reasons few. */
function reasonsOf(held: readonly Held[]): readonly { readonly rows: number; readonly why: string }[] {
  const rows = new Map<string, number>()
  for (const one of held) rows.set(whyOf(one), (rows.get(whyOf(one)) ?? 0) + one.rows)
  return [...rows].map(([why, count]) => ({ why, rows: count }))
}

function whyOf({ destinations, why }: Held): string {
  switch (why) {
    case 'call':
      return 'a call that they belong to, or a row before them, is not that old'
    case 'open':
      return 'calls among them, or before them, have no outcome yet'
    case 'unchained':
      return 'they are in no chain; verify the trail'
    case 'unsent':
      return `not sent yet to ${destinations.join(', ')}; whoever is gone for good: authsec audit forget RECEIVER`
  }
}
