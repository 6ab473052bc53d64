import type { AuditSeal } from '../audit-seal.js'
import type { Findings, RestoredChain } from './findings.js'
import type { ReadChain } from './read-chains.js'

/** Whose trail may be in a database: its own place, and those that its trail says a restore has brought, and theirs. */
export function placesOf(own: string, { boundaries, restored }: Findings): ReadonlySet<string> {
  const places = new Set([own])
  for (const place of places) {
    for (const chain of [...(restored.get(place) ?? []), ...(boundaries.get(place) ?? [])]) places.add(chain.place)
  }
  return places
}

/** Chains of other places are here by a restore, and as they were then; nothing else has been sealed with another key. */
export function judgePlaces(
  chains: readonly ReadChain[],
  { findings, own, seal }: { readonly own: string; readonly seal: AuditSeal; readonly findings: Findings },
): void {
  const places = placesOf(own, findings)
  const brought = [...places].flatMap((place) => findings.restored.get(place) ?? [])
  for (const chain of chains) {
    const { key, name, place } = chain
    const record = brought.find((known) => known.name === name && known.place === place)
    if (place !== own && (record === undefined || !isAsBrought(chain, record))) {
      const what = `the chain was begun in another place (${place}), and no restore has brought it as it is`
      findings.add({ kind: 'chain_foreign', chain: name, sequence: chain.sequence, what })
    }
    if (key === seal.key) continue
    if (place !== own && record?.key === key) {
      findings.notes.add(
        `what the installation with the key ${key} has sealed is here by a restore, and can only be checked with that key`,
      )
    } else {
      findings.add({
        kind: 'key_foreign',
        chain: name,
        what: `the chain says that the key ${key} seals it: this installation’s is ${seal.key}`,
      })
    }
  }
  for (const { name, place, sequence } of brought) {
    if (chains.some((chain) => chain.name === name && chain.place === place)) continue
    findings.add({ kind: 'chain_missing', chain: name, sequence, what: 'the chain came with a restore, and is gone' })
  }
}

function isAsBrought(chain: ReadChain, record: RestoredChain): boolean {
  return chain.sequence === record.sequence && chain.mac.toString('hex') === record.mac && chain.key === record.key
}
