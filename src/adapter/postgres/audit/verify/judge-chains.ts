import type { AuditSeal } from '../audit-seal.js'
import type { Findings } from './findings.js'
import { isCounted, isLegacy, type ReadChain } from './read-chains.js'

/** What chains say of themselves can be. */
export function judgeChains(chains: readonly ReadChain[], findings: Findings): void {
  for (const chain of chains) {
    const { first, kind, last, name, sequence } = chain
    const where = { chain: name, sequence }
    if (!isCounted(chain)) {
      findings.add({ kind: 'chain_forged', chain: name, what: 'the numbers of the chain are such as none has' })
    }
    if (!isLegacy(chain)) {
      // The seals are over the name, and not over the kind.
      const isKind = ['changes', 'server'].includes(kind) && name.startsWith(`${kind}-`)
      if (!isKind)
        findings.add({ kind: 'chain_forged', ...where, what: `the chain is of a kind that it cannot be: ${kind}` })
    } else if (first !== null && last !== null) {
      const what = 'there are rows in the chain of those from before there were chains, which has none'
      findings.add({ kind: 'row_misplaced', chain: name, sequence: first, to: last, what })
    }
  }
}

/** Seals up to which row there were no chains, and up to which of them they were removed. */
export function boundarySeal(
  seal: AuditSeal,
  place: string,
  { anchor, sequence }: Pick<ReadChain, 'anchor' | 'sequence'>,
): Buffer {
  return seal.over('anchor', [place, 'legacy', sequence, ...(anchor === 0 ? [] : [anchor])])
}

/** Rows that nothing seals are such as were there before there were chains, up to where a server has said so. */
export function verifyBoundary(
  chains: readonly ReadChain[],
  {
    findings,
    own,
    places,
    seal,
  }: {
    readonly own: string
    readonly places: ReadonlySet<string>
    readonly seal: AuditSeal
    readonly findings: Findings
  },
): void {
  const legacy = chains.find(isLegacy)
  if (legacy === undefined) return
  const { anchor_seal: sealed, sequence } = legacy
  if (sealed === null) {
    findings.notes.add(
      `rows up to number ${sequence} are said to be from before there were chains, which is not sealed yet: a server does so within the hour`,
    )
    return
  }
  if ([...places].some((place) => seal.matches(sealed, boundarySeal(seal, place, legacy)))) return
  const restored = [...places].flatMap((place) => findings.boundaries.get(place) ?? [])
  if (restored.some(({ mac, sequence: known }) => known === sequence && mac === sealed.toString('hex'))) {
    findings.notes.add(`rows up to number ${sequence} are from before there were chains, as a restore has brought them`)
    return
  }
  const brought = [...findings.restored.values()].flat().find(({ key, place }) => key !== seal.key && place !== own)
  if (brought !== undefined) {
    findings.notes.add(
      `up to which row there were no chains is sealed by the installation with the key ${brought.key}, and can only be checked with that key`,
    )
    return
  }
  const what = `rows up to number ${sequence} are said to be from before there were chains, which no server has sealed`
  findings.add({ kind: 'anchor_forged', chain: legacy.name, sequence, what })
}
