import type { AccessExplanation, Barrier, Explanation } from './explanation.js'

const barrierWords: Readonly<Record<Barrier, string>> = {
  'account-disabled': 'account',
  'account-unknown': 'account',
  'bearer-needed': 'bearer',
  'nobody-authenticated': 'caller',
  'no-sign-in-here': 'login',
}

/** What granted, for the record: `roles:admin`, `policy:OwnInvoices`, `public`. */
export function grantedBy({ access, requirement, verdict }: AccessExplanation): readonly string[] {
  if (verdict !== 'allow') return []
  if (access !== 'protected') return [access]
  return requirement === undefined ? [] : boundLabels(reasons(requirement))
}

/** What stood in the way, for the record: `roles:admin|owner` where either would do, `not roles:guest`, `bearer`. */
export function missingFor({ barriers, requirement }: AccessExplanation): readonly string[] {
  if (barriers.length > 0) return [...new Set(barriers.map((barrier) => barrierWords[barrier]))]
  return requirement === undefined ? [] : boundLabels(failings(requirement))
}

const mostLabels = 50
const longestLabel = 500

/** As many labels as one row takes: a caller can be refused as often as it likes, and each time is on record. */
export function boundLabels(labels: readonly string[]): readonly string[] {
  const shown = labels
    .slice(0, mostLabels)
    .map((label) => (label.length > longestLabel ? `${label.slice(0, longestLabel)}…` : label))
  return labels.length > mostLabels ? [...shown, `and ${labels.length - mostLabels} more`] : shown
}

function reasons(part: Explanation): readonly string[] {
  if (part.verdict !== 'allow') return []
  switch (part.kind) {
    case 'grant':
      return [labelOf(part)]
    case 'policy':
      return [`policy:${part.policy}`]
    case 'not':
      return failings(part.of).map((label) => `not ${label}`)
    case 'allOf':
      return part.of.flatMap(reasons)
    case 'anyOf':
      return part.of
        .filter(({ verdict }) => verdict === 'allow')
        .slice(0, 1)
        .flatMap(reasons)
  }
}

function failings(part: Explanation): readonly string[] {
  if (part.verdict === 'allow') return []
  switch (part.kind) {
    case 'grant':
      return [labelOf(part)]
    case 'policy':
      return [`policy:${part.policy}`]
    case 'not':
      return reasons(part.of).map((label) => `not ${label}`)
    case 'allOf':
      return part.of.flatMap(failings)
    case 'anyOf':
      return alternatives(part.of)
  }
}

/** Grants of one category, any of which would do, are one label. */
function alternatives(parts: readonly Explanation[]): readonly string[] {
  const names = new Map<string, string[]>()
  for (const part of parts) {
    if (part.kind !== 'grant') continue
    const known = names.get(part.category)
    if (known === undefined) names.set(part.category, [part.name])
    else known.push(part.name)
  }
  const others = parts.filter(({ kind }) => kind !== 'grant').flatMap(failings)
  return [...[...names].map(([category, listed]) => `${category}:${listed.join('|')}`), ...others]
}

function labelOf({ category, name }: Explanation & { readonly kind: 'grant' }): string {
  return `${category}:${name}`
}
