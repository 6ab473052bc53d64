import type { Findings, RestoredChain } from './findings.js'
import type { ReadRow } from './read-rows.js'

/** Whatever was there before there were chains goes by this name. */
export const boundaryName = 'legacy'

/** How the record of a restore names a chain; of the one from before there were chains, with the seal of where it ended. */
export function restoredText({ key, mac, name, place, sequence }: RestoredChain): string {
  return [place, name, key, sequence, mac].join(' ')
}

/** Remembers what the trail says about itself: erasures, and chains that were brought here. */
export function noteRecord(
  row: Pick<ReadRow, 'at' | 'detail' | 'reason' | 'sequence' | 'type'>,
  { findings, place }: { readonly findings: Findings; readonly place: string },
): void {
  if (row.type !== 'audit.maintained') return
  const { detail, reason } = row
  findings.records.note(row)
  const reference = detail?.['reference']
  if (reason === 'erased' && typeof reference === 'string') findings.erasures.add(reference)
  const chains = detail?.['chains']
  if (reason !== 'restored' || !Array.isArray(chains)) return
  const all = chains.filter((text) => typeof text === 'string').flatMap(parseRestored)
  const [restored, boundaries] = [findings.restored.get(place) ?? [], findings.boundaries.get(place) ?? []]
  restored.push(...all.filter(({ name }) => name !== boundaryName))
  boundaries.push(...all.filter(({ name }) => name === boundaryName))
  findings.restored.set(place, restored)
  findings.boundaries.set(place, boundaries)
}

function parseRestored(text: string): readonly RestoredChain[] {
  const [place, name, key, sequence, mac] = text.split(' ')
  if (place === undefined || name === undefined || key === undefined || mac === undefined) return []
  return [{ place, name, key, sequence: Number(sequence), mac }]
}
